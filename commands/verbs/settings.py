"""`settings [language ...] [mentions ...]`: what you, or a channel, have chosen; chosen here wins over Slack."""

from dataclasses import replace

from commands.command import Asked, Command, Refused, Topic
from commands.permit import permit
from commands.texts import DEFAULT, PORTUGUESE, later, phrase
from storage.model.reply import Offer, Reply, Verdict
from storage.preferences import Preference

_LANGUAGES = {
    "english": DEFAULT,
    "inglês": DEFAULT,
    "portuguese": PORTUGUESE,
    "português": PORTUGUESE,
    "slack": None,
}
_NAMES = {DEFAULT: later("English"), PORTUGUESE: later("Portuguese"), None: later("as in Slack")}
_CHANNELS = ("C", "G")
"""How the ids of channels begin, those of private ones too."""
_YES = frozenset({"on", "ligadas"})


async def handle(asked: Asked) -> Reply:
    """Show what is chosen, or change it; a channel's choice is for everybody, and needs a right of its own."""
    permit(asked)
    if "channel" in asked.arguments:
        return await _channel(asked)
    user, preferences = asked.request.user, asked.desk.store.preferences
    old = await preferences.get(user)
    new = _changed(asked, old)
    await preferences.put(user, new, by=user)
    language = new.language or asked.language
    lines = [
        phrase(language, "You read: {spoken}.", spoken=phrase(language, _NAMES[new.language])),
        phrase(language, "You are mentioned when your runs have ended.")
        if new.mentions is not False
        else phrase(language, "You are only named, not mentioned, when your runs have ended."),
    ]
    return Reply(verdict=Verdict.DONE, text="\n".join(lines), offers=_offers(language, new), private=True)


def _changed(asked: Asked, old: Preference) -> Preference:
    new = old
    if "language" in asked.arguments:
        new = replace(new, language=_LANGUAGES[asked.arguments["language"]])
    if "mentions" in asked.arguments:
        new = replace(new, mentions=asked.arguments["mentions"] in _YES)
    return new


async def _channel(asked: Asked) -> Reply:
    """Choose what is read in this channel about runs."""
    permit(asked, act="channel-settings")
    if not asked.request.channel.startswith(_CHANNELS):
        raise Refused(asked.say("A direct message has no language of its own: say this in a channel."))
    language = _LANGUAGES[asked.arguments["channel"]]
    chosen = Preference(language=language)
    await asked.desk.store.preferences.put(asked.request.channel, chosen, by=asked.request.user)
    spoken = language or asked.language
    if language is None:
        text = phrase(spoken, "What this channel reads about runs is in the language of the installation again.")
    else:
        text = phrase(
            spoken, "What this channel reads about runs is in {spoken}.", spoken=phrase(spoken, _NAMES[language])
        )
    return Reply(verdict=Verdict.DONE, text=text)


def _offers(language: str, now: Preference) -> tuple[Offer, ...]:
    other = "english" if language == PORTUGUESE else "portuguese"
    quiet = now.mentions is not False
    return (
        Offer(
            label=phrase(language, "In Portuguese" if other == "portuguese" else "In English"),
            command=f"settings language {other}",
        ),
        Offer(
            label=phrase(language, "Do Not Mention Me" if quiet else "Mention Me"),
            command=f"settings mentions {'off' if quiet else 'on'}",
        ),
    )


COMMAND = Command(
    name="settings",
    verbs=("settings", "preferences", "preferências", "ajustes", "configurações"),
    shown={PORTUGUESE: "preferências"},
    usage=(
        "",
        "language|idioma <language:english|portuguese|slack|inglês|português>",
        "mentions|notifications|menções|notificações <mentions:on|off|ligadas|desligadas>",
        "channel|canal language|idioma <channel:english|portuguese|slack|inglês|português>",
    ),
    summary=later("The language you read, and whether the end of a run mentions you; the language of a channel."),
    examples=(
        later("settings"),
        later("settings language english"),
        later("settings mentions off"),
        later("settings channel language portuguese"),
    ),
    topic=Topic.HELP,
    handle=handle,
    besides={"channel": "channel-settings"},
)
