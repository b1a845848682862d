"""The question asked before a control tells the app: a `<dialog>` beside the control.

No `<form>` in it: inside a modal, which is one, HTML would drop it.
"""

from markupsafe import Markup

from bot.workspace.page.render.html import Json, tag
from bot.workspace.page.render.mrkdwn import mrkdwn
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain, words


def confirm(asked: Json, names: Names) -> Markup:
    """The dialog; the page closes it with the value of the button pressed: `yes` or `no`."""
    text = asked.get("text")
    rich = isinstance(text, dict) and text.get("type") == "mrkdwn"
    no = names.say("Cancel")
    look = "button danger" if asked.get("style") == "danger" else "button primary"
    return tag(
        "dialog",
        tag(
            "div",
            tag("h2", plain(asked.get("title"))),
            tag("div", mrkdwn(words(text), names) if rich else plain(text), class_="text"),
            tag(
                "div",
                tag(
                    "button",
                    plain(asked.get("deny") or no),
                    type="button",
                    value="no",
                    class_="button",
                ),
                tag(
                    "button",
                    plain(asked.get("confirm") or names.say("Yes")),
                    type="button",
                    value="yes",
                    class_=look,
                    autofocus=True,
                ),
                class_="foot",
            ),
            class_="question",
        ),
        class_="sheet confirm",
        aria_label=words(asked.get("title")) or names.say("Are you sure?"),
    )
