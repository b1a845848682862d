"""The page's own words, in the language of whoever looks: what the templates and the scripts say around messages."""

from collections.abc import Mapping
from functools import partial

from commands.texts import language_for, later, phrase, several

SCRIPTS = (
    later("Add a person or an app to this channel"),
    later("Jump to the newest"),
    later("Link copied"),
    later("New"),
    later("Only visible to you"),
    later("Shortcut"),
    later("That channel is not yours to see"),
    later("The workspace cannot be reached. Is it still running?"),
    later("The workspace cannot be reached. Trying again…"),
    later("This page's key has expired. Open the address that Estiva printed when it started."),
    later("This thread is gone"),
    later("Today"),
    later("Tomorrow"),
    later("Yesterday"),
    later("just now"),
    later("{count} h ago"),
    later("{count} minute ago"),
    later("{count} minutes ago"),
    later("{count} new message"),
    later("{count} new messages"),
    later("{count} replies"),
    later("1 reply"),
)
"""What the scripts say: they get it with the page. What templates say stands in them, and is found there."""


class Speech:
    """What a template says with."""

    def __init__(self, locale: str) -> None:
        """Take the locale of whoever looks, as Slack names it."""
        self._language = language_for(locale)
        self.tag = self._language.replace("_", "-")
        """For the page's `lang`, by which the scripts write dates too."""
        self.say = partial(phrase, self._language)

    def counted(self, one: str, many: str, count: int) -> str:
        """Say what counts."""
        return phrase(self._language, several(one, many), count=count)

    def scripts(self) -> Mapping[str, str]:
        """Give the words of the scripts, each with what it is in this language."""
        return {text: self.say(text) for text in SCRIPTS}
