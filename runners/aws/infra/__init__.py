"""CloudFormation: what would change is shown as a change set, and applied as just that change set."""
