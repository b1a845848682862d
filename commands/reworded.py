"""What an answer offers to say next, in its language: what we write in English is read, and printed anew."""

from collections.abc import Mapping, Sequence

from commands.answers import Understood
from commands.parser import parse
from commands.printer import printed
from commands.texts import DEFAULT
from commands.usage import choice_in
from commands.words import Words


def reworded(command: str, words: Words, language: str) -> str:
    """Say a command as whoever reads this language would; as it stands where that would not mean the very same."""
    read = parse(command, words, language)
    if language == DEFAULT or not isinstance(read, Understood):
        return command
    said = printed(read.command, read.usage, _chosen(read.each, language), language)
    again = parse(said, words, language)
    same = (
        isinstance(again, Understood)
        and again.command is read.command
        and _chosen(again.each, DEFAULT) == _chosen(read.each, DEFAULT)
    )
    return said if same else command


def _chosen(each: Sequence[Mapping[str, str]], language: str) -> list[dict[str, str]]:
    return [{name: choice_in(name, value, language) for name, value in given.items()} for given in each]
