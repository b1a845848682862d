"""Slack: what comes in becomes requests, what the journal says becomes messages."""
