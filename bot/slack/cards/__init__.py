"""What Estiva shows in Slack, one file per message. Pure functions: views in, blocks out."""
