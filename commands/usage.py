"""Usage lines as people read them: the verb and the little words of one language, slots by their plain names."""

import re
from collections.abc import Iterable, Mapping

from commands.command import Command
from commands.grammar import compiled
from commands.texts import DEFAULT, PORTUGUESE, later, phrase


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OTHERS = {
    DEFAULT: _words(
        "para pra pro em no na de do da falha erro implantações porque novamente por desde há entre e com etapa falhas "
        "tudo código idioma canal menções notificações ligadas desligadas inglês português substituindo "
        "escolher listar"
    ),
    PORTUGUESE: _words(
        "to in on into of from because by since between and with again stage failed failure error all "
        "code for language channel mentions notifications off english portuguese over pick list"
    ),
}
"""Words that a usage line reads in either language, and shows only in the other one."""

_CHOICES: Mapping[str, Mapping[str, str]] = {
    "extent": {"failed": "falhas", "all": "tudo"},
    "pick": {"pick": "escolher", "list": "listar"},
    "now": {"now": "agora"},
    "language": {"english": "inglês", "portuguese": "português"},
    "channel": {"english": "inglês", "portuguese": "português"},
    "mentions": {"on": "ligadas", "off": "desligadas"},
}
"""Slot -> word of its choice in English -> the same in Portuguese."""

_NAMES = {
    "service": later("service"),
    "environment": later("environment"),
    "source": later("environment"),
    "run": later("run"),
    "approval": later("run"),
    "gate": later("run"),
    "stage": later("stage"),
    "command": later("command"),
    "reason": later("reason"),
    "code": later("code"),
    "count": later("count"),
    "duration": later("duration"),
    "since": later("10m, 2h, 3d or a date"),
    "person": later("person"),
    "action": later("action"),
    "release": later("release"),
    "over": later("run"),
    "other": later("environment"),
    "words": later("words"),
    "pipeline": later("pipeline"),
    "variables": later("NAME=value"),
    "all": later("all"),
}
_PART = re.compile(
    r"<(?P<slot>\w+)(?:(?P<target>:target)|:(?P<kind>[^<>+.\s]+))?(?P<many>\+)?(?P<rest>\.\.\.)?>"
    r"|(?P<words>[^\s\[\]<>]+)"
)
_NOTHING = re.compile(r"\[\s*\]")
"""What is left of a group that is of the other language."""


def verb(command: Command, language: str) -> str:
    """Give the verb that stands for a command in a language."""
    return command.shown.get(language, command.verbs[0])


def usage_lines(command: Command, language: str) -> list[str]:
    """Write the usage lines that can be said in a language."""
    return [usage_line(command, usage, language) for usage in command.usage if not _foreign(usage, language)]


def usage_line(command: Command, usage: str, language: str) -> str:
    """Write one usage line: `implantar <serviço>[@<ref>] [para|pra|em|no|na] <ambiente>`."""

    def drawn(part: re.Match[str]) -> str:
        if part["slot"]:
            name = phrase(language, _NAMES.get(part["slot"], part["slot"]))
            if part["kind"] and "|" in part["kind"]:
                return "|".join(in_language(part["kind"].split("|"), language))
            return f"<{name}>[@<ref>]" if part["target"] else f"<{name}{part['rest'] or ''}>"
        return "|".join(in_language(part["words"].split("|"), language))

    forced, line = ("[!]", usage.removeprefix("[!]")) if usage.startswith("[!]") else ("", usage)
    shown = _NOTHING.sub("", _PART.sub(drawn, line))
    return " ".join(f"{verb(command, language)}{forced} {shown}".split())


def _foreign(usage: str, language: str) -> bool:
    return any(
        part.needed and part.words and (part.marked or part.slot is None) and not in_language(part.words, language)
        for part in compiled(usage).parts
    )


def in_language(words: Iterable[str], language: str) -> list[str]:
    """Leave out the words of the other language."""
    return [word for word in words if word not in _OTHERS.get(language, frozenset())]


def choice_in(slot: str, value: str, language: str) -> str:
    """Give a word of a choice in a language; any other value as it is."""
    for english, portuguese in _CHOICES.get(slot, {}).items():
        if value in (english, portuguese):
            return portuguese if language == PORTUGUESE else english
    return value


_PLACES = frozenset({"service", "environment", "target", "run", "release", "approval", "gate"})


def about_a_place(command: Command) -> bool:
    """Tell whether a command is for a service or an environment, so that the policy can allow it here and not there."""
    parts = (part for usage in command.usage for part in compiled(usage).parts)
    return any(part.slot is not None and part.slot.kind in _PLACES for part in parts)
