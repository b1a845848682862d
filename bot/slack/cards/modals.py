"""What is asked about an approval in a modal: a code, a reason; and the inputs that modals are made of."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack.blocks import Block, context, plain
from bot.slack.marks import Say, marked
from commands.texts import later

REJECT, APPROVE = "estiva_reject", "estiva_approve"
_CHOICES, _REASON, _CODE = 100, 500, 9


def modal(
    callback: str, blocks: Sequence[Block], say: Say, *, title: str, submit: str, carried: Mapping[str, str | None]
) -> Block:
    """Make a modal. `carried` comes back with it: what it is about, and where it was opened."""
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": json.dumps(carried, ensure_ascii=False),
        "title": plain(title, 24),
        "submit": plain(submit, 24),
        "close": plain(say("Close"), 24),
        "blocks": list(blocks),
    }


def approve_modal(approval: str, say: Say, *, channel: str, thread: str | None, message: str | None) -> Block:
    """Ask for the code of the approver's authenticator."""
    carried = {"channel": channel, "thread": thread, "message": message, "approval": approval[:300]}
    blocks = [
        context(marked(say, "{run} will be released.", run=_run_of(approval))),
        {**ask_text("code", say("Code"), say("Six digits, from your authenticator"), _CODE), "optional": False},
    ]
    return modal(APPROVE, blocks, say, title=say("Approve release"), submit=say("Approve"), carried=carried)


def reject_modal(approval: str, say: Say, *, channel: str, thread: str | None, message: str | None = None) -> Block:
    """Ask for the reason of a rejection; none need be given."""
    carried = {"channel": channel, "thread": thread, "message": message, "approval": approval[:300]}
    blocks = [
        context(marked(say, "{run} will not be released.", run=_run_of(approval))),
        ask_text("reason", say("Reason"), say("Shown to everybody in the channel"), _REASON, several_lines=True),
    ]
    return modal(REJECT, blocks, say, title=say("Reject release"), submit=say("Reject"), carried=carried)


def _run_of(approval: str) -> str:
    """Name the run: the gate's own name is of no use to people."""
    return approval.partition("/")[0][:300]


def reject_command(view: Mapping[str, Any]) -> str:
    """Make the command's text out of a submitted reject modal."""
    approval, reason = metadata(view).get("approval", ""), " ".join(typed_in(view, "reason").split())
    return f"reject {approval} because {reason}" if reason else f"reject {approval}"


def approve_command(view: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Make the command's text out of a submitted approve modal, or say that the code is none."""
    code = typed_in(view, "code").replace(" ", "")
    if not (code.isascii() and code.isdecimal() and len(code) in (6, 8)):
        return "", {"code": later("A code is six digits.")}
    return f"approve {metadata(view).get('approval', '')} {code}", {}


def metadata(view: Mapping[str, Any]) -> dict[str, str]:
    """Read what the modal carried along: channel, thread, message, approval."""
    read = json.loads(view.get("private_metadata") or "{}")
    return {name: str(value) for name, value in read.items() if value is not None}


def ask_choice(
    name: str,
    label: str,
    choices: Sequence[str],
    *,
    first: str | None = None,
    empty: str = "",
    hint: str = "",
    optional: bool = False,
    dispatched: bool = False,
) -> Block:
    """Make a list to choose one from; `first` is chosen already, `dispatched` tells us of a choice at once."""
    options = [{"text": plain(choice, 75), "value": choice[:150]} for choice in choices[:_CHOICES]]
    element: Block = {"type": "static_select", "action_id": "value", "options": options}
    chosen = [option for option in options if first is not None and option["value"] == first[:150]]
    if chosen:
        element["initial_option"] = chosen[0]
    if empty:
        element["placeholder"] = plain(empty, 150)
    block: Block = {"type": "input", "block_id": name, "label": plain(label, 100), "element": element}
    if hint:
        block["hint"] = plain(hint, 200)
    return block | ({"optional": True} if optional else {}) | ({"dispatch_action": True} if dispatched else {})


def ask_text(name: str, label: str, hint: str, most: int, *, several_lines: bool = False) -> Block:
    """Make a field to type in, which may stay empty."""
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


def chosen_in(view: Mapping[str, Any], name: str) -> str:
    """Read what was chosen; empty when nothing was."""
    return str((_given(view, name).get("selected_option") or {}).get("value", ""))


def typed_in(view: Mapping[str, Any], name: str) -> str:
    """Read what was typed, without blanks around it."""
    return str(_given(view, name).get("value") or "").strip()
