"""What the terminal prints of a message: its lines as lines, its tables as tables."""

from functools import partial

import pytest

from bot.cli.say import tell
from bot.slack.blocks import notice
from bot.slack.cards.reply import reply
from commands.texts import DEFAULT, phrase
from storage.model.reply import Reply, Table, Verdict


def test_lines_stay_lines_and_tables_have_columns(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(header=("Service", "Run"), rows=(("hello", "hello-1"),))
    answer = Reply(verdict=Verdict.DONE, text="*Deliver*: `deploy` <ref>\n*Look*: `status`", table=table)
    blocks, text = reply(answer, partial(phrase, DEFAULT))
    tell({"text": notice(text), "blocks": blocks})
    assert capsys.readouterr().out.splitlines() == [
        "*Deliver*: `deploy` <ref>",
        "*Look*: `status`",
        "  Service  Run",
        "  hello    hello-1",
    ]
