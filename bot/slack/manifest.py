"""The app manifest that people paste into Slack: what Estiva is called, listens to, and may do. Nothing more."""

from typing import Any, Literal

from bot.slack.app import LOG_SHORTCUT, RETRY_SHORTCUT
from bot.web import SLACK_PATH

Mode = Literal["socket", "http"]
PLACEHOLDER = "https://estiva.example.com"

SCOPES = (
    "app_mentions:read",
    "chat:write",
    "commands",
    "files:write",
    "im:history",
    "usergroups:read",
    "users:read",
)
EVENTS = ("app_home_opened", "app_mention", "message.im")


def manifest(mode: Mode, url: str | None = None) -> dict[str, Any]:
    """Make the manifest. `url` is where Slack reaches us in HTTP mode: `https://estiva.example.com`."""
    target = {"request_url": f"{(url or PLACEHOLDER).rstrip('/')}{SLACK_PATH}"} if mode == "http" else {}
    command = {
        "command": "/estiva",
        "description": "Deploy, promote, roll back, ask",
        "usage_hint": "deploy hello to homolog",
        "should_escape": True,
    }
    return {
        "display_information": {
            "name": "Estiva",
            "description": "Ship from chat: build, test, deploy, approve, remember.",
            "background_color": "#1f3a4d",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "estiva", "always_online": True},
            "shortcuts": [
                _shortcut(LOG_SHORTCUT, "Show failure log", "Shows why this run failed"),
                _shortcut(RETRY_SHORTCUT, "Retry this deploy", "Runs this deploy again"),
            ],
            "slash_commands": [command | ({"url": target["request_url"]} if target else {})],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**target, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **target},
            "org_deploy_enabled": False,
            "socket_mode_enabled": mode == "socket",
            "token_rotation_enabled": False,
        },
    }


def _shortcut(callback: str, name: str, description: str) -> dict[str, str]:
    return {"name": name, "type": "message", "callback_id": callback, "description": description}
