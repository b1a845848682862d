"""The page's own words, in the language of whoever looks: what the templates and the scripts say around messages."""

from collections.abc import Mapping
from functools import partial

from commands.texts import language_for, later, phrase, several

TEMPLATES = (
    later("(edited)"),
    later("Act as"),
    later("Acting as"),
    later("Add a reaction"),
    later("Apps"),
    later("Back"),
    later("Cancel"),
    later("Channels"),
    later("Close"),
    later("Close (Esc)"),
    later("Close the sidebar"),
    later("Close the suggestion, the thread, the sidebar"),
    later("Close the thread"),
    later("Complete a command, a person, a channel"),
    later("Copy link"),
    later("Dismiss"),
    later("Dismiss this message"),
    later("Everything deployed from here stays readable for everybody."),
    later("From a thread"),
    later("Go to the message box"),
    later("Home"),
    later("In the messages: previous or next message"),
    later("In the messages: the newest message"),
    later("It neither reads nor answers here until it is invited."),
    later("It usually appears a moment after this tab is opened."),
    later("Jump to the newest"),
    later("Keyboard shortcuts"),
    later("Last reply"),
    later("Light or dark"),
    later("Local workspace"),
    later("Message actions"),
    later("Message shortcuts"),
    later("Message {name}"),
    later("Messages"),
    later("Messages in {name}"),
    later("More actions"),
    later("New line"),
    later("On a message: its buttons and actions"),
    later("On a message: open its thread"),
    later("Only visible to you"),
    later("Only you and the app see it. No mention is needed here."),
    later("Open the sidebar"),
    later("Previous or next channel"),
    later("React with {name}"),
    later("Reply in the thread"),
    later("Reply in thread"),
    later("Send"),
    later("Send (Enter)"),
    later("Send the message"),
    later("Show earlier messages"),
    later("Skip to the message box"),
    later("Suggestions"),
    later("Switch"),
    later("The app is not connected. Start it, then open this tab again."),
    later("This is the start of {name}"),
    later("This is your conversation with {name}"),
    later("This list"),
    later("Thread"),
    later("Try:"),
    later("Workspace"),
    later("channels"),
    later("commands"),
    later("deploy hello to homolog"),
    later("help"),
    later("local workspace"),
    later("mentions"),
    later("or"),
    later("people"),
    later("sends"),
    later("starts a new line"),
    later("takes the suggestion"),
    later("{bot} is not in {name}"),
    later("{count} members"),
    later("{count} unread"),
    later("{name} has not shown its Home yet"),
    later("{name} is connected"),
    later("{name} is not connected"),
    several("{count} reply", "{count} replies"),
)
"""What the templates say; a test looks that nothing else stands in them."""
BLOCKS = (
    later("(optional)"),
    later("Actions"),
    later("Are you sure?"),
    later("Cancel"),
    later("Choose"),
    later("Done"),
    later("Failed"),
    later("In progress"),
    later("More actions"),
    later("Pending"),
    later("Plan"),
    later("Progress"),
    later("Sources"),
    later("Yes"),
    later("{done} of {count} done"),
)
"""What is said in what an app sent."""
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
"""What the scripts say."""


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
