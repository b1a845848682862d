"""The process: Slack, HTTP, the local workspace, the terminal, settings, and the composition root."""
