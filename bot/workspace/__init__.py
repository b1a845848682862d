"""A Slack-compatible workspace that runs on this machine: the same wire protocol, no account.

`server.running()` starts one; `state.Workspace` is what it holds; `api/` are Slack's Web API methods, `blocks/` Slack's
rules for Block Kit, `delivery` how events and interactions reach the app, `act` what a person does, `control` the
switches that make it misbehave on purpose. The bot never imports this package except to start it: it only knows a URL.
"""
