"""Slack's rules for Block Kit: what a block may hold, how long, where; faults come with a JSON pointer."""
