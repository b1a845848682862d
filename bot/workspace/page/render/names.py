"""Who and what the ids in a message stand for, as the person looking at the page sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from bot.workspace.page.render.html import tag
from commands.texts import language_for, phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Display names by id, and the id of the person who looks (mentions of them stand out)."""

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    viewer: str = ""
    locale: str = ""
    """Whose words stand around what was sent: those of the person who looks."""

    def say(self, text: str, **values: object) -> str:
        """Say something around what was sent to the person who looks."""
        return phrase(language_for(self.locale), text, **values)

    def user(self, user: str, label: str = "") -> Markup:
        """A mention of a person."""
        name = self.users.get(user) or label or user
        return tag("span", f"@{name}", class_="mention me" if user and user == self.viewer else "mention")

    def channel(self, channel: str, label: str = "") -> Markup:
        """A mention of a channel: a link into the page when this workspace has it."""
        name = self.channels.get(channel)
        if name is None:
            return tag("span", f"#{label or channel}", class_="mention")
        return tag(
            "a", f"#{name}", class_="mention", href=f"/?as={self.viewer}&channel={channel}", data_channel=channel
        )

    def group(self, group: str, label: str = "") -> Markup:
        """A mention of a user group."""
        return tag("span", f"@{(self.groups.get(group) or label or group).lstrip('@')}", class_="mention")
