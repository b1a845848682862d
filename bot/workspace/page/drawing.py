"""From what the workspace knows (plain dicts of the act API) to HTML; no I/O beyond reading our own templates."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.workspace.page.assets import INLINE
from bot.workspace.page.avatar import avatar
from bot.workspace.page.message import shown
from bot.workspace.page.render.blocks import blocks
from bot.workspace.page.render.emoji import emoji
from bot.workspace.page.render.icons import icon
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain
from bot.workspace.page.words import Speech

Json = Mapping[str, Any]

_NOWHERE: Json = {"id": "", "kind": "channel", "name": ""}
"""Where a thread is that has not come yet: the scripts know, and fill it in."""
QUICK_REACTIONS = ("eyes", "white_check_mark", "thumbsup", "tada", "rocket", "heart", "thinking_face", "x")

templates = Environment(
    loader=PackageLoader("bot.workspace.page", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.globals["again"] = Markup(INLINE)  # noqa: S704 - a file of ours, not what anybody has said
templates.globals.update(avatar=avatar, icon=icon, emoji=emoji, plain=plain, quick_reactions=QUICK_REACTIONS)


class Drawing:
    """Everything one person sees, from `state` as of GET /act/state."""

    def __init__(self, state: Json, assets: str = "") -> None:
        """`assets` is the version of the static files, put into their addresses."""
        self._state = state
        self._assets = assets
        self.names = names_of(state)
        self._speech = Speech(str(state["me"].get("locale") or ""))

    def page(self, channel: str, messages: Json | None, tab: str) -> str:
        """The whole page, one channel open."""
        return self._draw(
            "page.html",
            sidebar=Markup(self.sidebar(channel)),  # noqa: S704 - our own template's output
            content=Markup(self.channel(channel, messages, tab)),  # noqa: S704 - the same
            view=Markup(self.view()),  # noqa: S704 - the same
            opening=Markup(self._draw("thread.html", about=_NOWHERE, rows=(), root="")),  # noqa: S704 - the same
            here=channel,
            language=self._speech.tag,
            words=self._speech.scripts(),
        )

    def sidebar(self, channel: str) -> str:
        """Channels, direct messages, people to act as, the bot's connection."""
        return self._draw("sidebar.html", here=channel)

    def channel(self, channel: str, messages: Json | None, tab: str = "messages") -> str:
        """One channel: title, messages, composer; or the app's home when `tab` is `home`."""
        about = self._about(channel)
        rows = self.articles(messages)
        tab = tab if about["kind"] == "im" else "messages"
        return self._draw("channel.html", about=about, rows=rows, more=_more(messages), tab=tab, home=self.home())

    def thread(self, messages: Json, root: str) -> str:
        """The thread pane: the root, then its replies, then a composer."""
        rows = [shown(message, self.names) for message in messages["messages"]]
        about = self._about(str(messages["channel"]))
        return self._draw("thread.html", about=about, rows=rows, root=root)

    def articles(self, messages: Json | None) -> Markup:
        """Only the messages, oldest first."""
        rows = [shown(message, self.names) for message in (messages or {}).get("messages", ())]
        return Markup(self._draw("messages.html", rows=rows, place="channel"))  # noqa: S704 - our own template's output

    def message(self, message: Json, place: str) -> str:
        """One message; `place` is `channel` or `thread`."""
        return self._draw("messages.html", rows=[shown(message, self.names)], place=place)

    def view(self) -> str:
        """The topmost open modal, or nothing."""
        stack: Sequence[Json] = self._state.get("views") or ()
        if not stack:
            return ""
        return self._draw(
            "view.html", view=stack[-1], depth=len(stack), body=blocks(stack[-1].get("blocks"), self.names)
        )

    def home(self) -> Markup:
        """The App Home the app published for this person, or a word that there is none yet."""
        view = self._state.get("home")
        body = blocks(view.get("blocks"), self.names) if view else Markup("")
        return Markup(self._draw("home.html", view=view, body=body))  # noqa: S704 - our own template's output

    def _about(self, channel: str) -> Json:
        return next(each for each in self._state["channels"] if each["id"] == channel)

    def _draw(self, template: str, **what: Any) -> str:
        people = {person["id"]: person for person in self._state["people"]}
        return templates.get_template(template).render(
            state=self._state,
            me=self._state["me"],
            people=people,
            assets=self._assets,
            say=self._speech.say,
            counted=self._speech.counted,
            **what,
        )


def names_of(state: Json) -> Names:
    """The names behind the ids of this workspace, seen by the person of `state`."""
    return Names(
        users={person["id"]: person["name"] for person in state["people"]},
        channels={each["id"]: each["name"] for each in state["channels"] if each["kind"] == "channel"},
        viewer=state["me"]["id"],
        locale=str(state["me"].get("locale") or ""),
    )


def _more(messages: Json | None) -> bool:
    return bool(messages and messages.get("has_more"))
