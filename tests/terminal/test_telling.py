"""What the terminal prints of a message: its lines as lines, its tables as tables, its markup as words."""

from functools import partial

import pytest

from bot.cli.telling import plain, tell
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
        "Deliver: `deploy` <ref>",
        "Look: `status`",
        "  Service  Run",
        "  hello    hello-1",
    ]


@pytest.mark.parametrize(
    ("marked", "shown"),
    [
        ("<@UANADEV01> *hello-1*: *done*", "@Ana hello-1: done"),
        ("<@UELSE> 2 * 3 * 4, a*b*c, `*` and *.py", "@UELSE 2 * 3 * 4, a*b*c, `*` and *.py"),
        (
            "<http://127.0.0.1:1/x?a=1&amp;b=2|Open run> <https://a.example>",
            "Open run (http://127.0.0.1:1/x?a=1&b=2) https://a.example",
        ),
        ("&lt;@UANADEV01&gt; &amp;lt;", "<@UANADEV01> &lt;"),
    ],
)
def test_markup_becomes_words(marked: str, shown: str) -> None:
    assert plain(marked, {"UANADEV01": "Ana"}) == shown
