"""Slack's Web API: one file per family of methods; each method says its rate tier and its scope."""
