"""The two modals: what to deploy, and why a release is rejected."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack.blocks import Block, context, plain
from bot.slack.marks import Say, marked
from commands.texts import later
from storage.model.catalog import Catalog

DEPLOY, REJECT, APPROVE = "estiva_deploy", "estiva_reject", "estiva_approve"
_CHOICES, _REF, _REASON, _CODE = 100, 200, 500, 9


def deploy_modal(catalog: Catalog, say: Say, *, channel: str) -> Block:
    """Ask for service, ref and environment. `channel` is where the run will be shown."""
    return {
        "type": "modal",
        "callback_id": DEPLOY,
        "private_metadata": json.dumps({"channel": channel}),
        "title": plain(say("Deploy"), 24),
        "submit": plain(say("Deploy"), 24),
        "close": plain(say("Close"), 24),
        "blocks": [
            _select("service", say("Service"), sorted(catalog.services)),
            _input("ref", say("Branch, tag or commit"), say("Empty: what the service deploys by default"), _REF),
            _select("environment", say("Environment"), list(catalog.environments)),
        ],
    }


def approve_modal(approval: str, say: Say, *, channel: str, thread: str | None, message: str | None) -> Block:
    """Ask for the code of the approver's authenticator."""
    carried = {"channel": channel, "thread": thread, "message": message, "approval": approval[:300]}
    return {
        "type": "modal",
        "callback_id": APPROVE,
        "private_metadata": json.dumps(carried, ensure_ascii=False),
        "title": plain(say("Approve release"), 24),
        "submit": plain(say("Approve"), 24),
        "close": plain(say("Close"), 24),
        "blocks": [
            context(marked(say, "{approval} will be released.", approval=approval[:300])),
            {**_input("code", say("Code"), say("Six digits, from your authenticator"), _CODE), "optional": False},
        ],
    }


def reject_modal(approval: str, say: Say, *, channel: str, thread: str | None, message: str | None = None) -> Block:
    """Ask for the reason of a rejection; none need be given."""
    carried = {"channel": channel, "thread": thread, "message": message, "approval": approval[:300]}
    return {
        "type": "modal",
        "callback_id": REJECT,
        "private_metadata": json.dumps(carried, ensure_ascii=False),
        "title": plain(say("Reject release"), 24),
        "submit": plain(say("Reject"), 24),
        "close": plain(say("Close"), 24),
        "blocks": [
            context(marked(say, "{approval} will not be released.", approval=approval[:300])),
            _input("reason", say("Reason"), say("Shown to everybody in the channel"), _REASON, several_lines=True),
        ],
    }


def deploy_command(view: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Make the command's text out of a submitted deploy modal, or say which inputs are wrong."""
    service, environment = _selected(view, "service"), _selected(view, "environment")
    ref = _typed(view, "ref")
    if ref and (ref.startswith("-") or len(ref.split()) != 1):
        return "", {"ref": later("One branch, tag or commit, without spaces.")}
    target = f"{service}@{ref}" if ref else service
    return f"deploy {target} to {environment}", {}


def reject_command(view: Mapping[str, Any]) -> str:
    """Make the command's text out of a submitted reject modal."""
    approval, reason = metadata(view).get("approval", ""), " ".join(_typed(view, "reason").split())
    return f"reject {approval} because {reason}" if reason else f"reject {approval}"


def approve_command(view: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Make the command's text out of a submitted approve modal, or say that the code is none."""
    code = _typed(view, "code").replace(" ", "")
    if not (code.isascii() and code.isdecimal() and len(code) in (6, 8)):
        return "", {"code": later("A code is six digits.")}
    return f"approve {metadata(view).get('approval', '')} {code}", {}


def metadata(view: Mapping[str, Any]) -> dict[str, str]:
    """Read what the modal carried along: channel, thread, message, approval."""
    read = json.loads(view.get("private_metadata") or "{}")
    return {name: str(value) for name, value in read.items() if value is not None}


def _select(name: str, label: str, choices: Sequence[str]) -> Block:
    options = [{"text": plain(choice, 75), "value": choice[:150]} for choice in choices[:_CHOICES]]
    element = {"type": "static_select", "action_id": "value", "options": options}
    return {"type": "input", "block_id": name, "label": plain(label, 100), "element": element}


def _input(name: str, label: str, hint: str, most: int, *, several_lines: bool = False) -> Block:
    element = {"type": "plain_text_input", "action_id": "value", "max_length": most, "multiline": several_lines}
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": plain(label, 100),
        "hint": plain(hint, 200),
        "element": element,
    }


def _given(view: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given = view["state"]["values"].get(name, {}).get("value") or {}
    return given if isinstance(given, dict) else {}


def _selected(view: Mapping[str, Any], name: str) -> str:
    return str((_given(view, name).get("selected_option") or {}).get("value", ""))


def _typed(view: Mapping[str, Any], name: str) -> str:
    return str(_given(view, name).get("value") or "").strip()
