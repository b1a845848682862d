"""Slack's markup as HTML."""

import pytest

from bot.workspace.page.render.mrkdwn import mrkdwn
from bot.workspace.page.render.names import Names
from tests.page.markup import Reading

NAMES = Names(users={"U1": "Ana", "U2": "Rui"}, channels={"C1": "deploys"}, viewer="U2")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("*bold* _soft_ ~gone~ `code`", "<strong>bold</strong> <em>soft</em> <s>gone</s> <code>code</code>"),
        ("*bold _and soft_*", "<strong>bold <em>and soft</em></strong>"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("`*not bold*`", "<code>*not bold*</code>"),
        ("a\nb", "a<br>b"),
        ("a &lt;b&gt; &amp;amp;", "a &lt;b&gt; &amp;amp;"),
        ("`a &lt; b`", "<code>a &lt; b</code>"),
        ("<@U1> in <#C1>", '@Ana</span> in <a class="mention"'),
        ("<@U9|ghost>", "@ghost"),
        ("<!here>", "@here"),
        ("<!subteam^S1|@ops>", "@ops"),
        ("<https://a.example/x?a=1&amp;b=2|label>", 'href="https://a.example/x?a=1&amp;b=2"'),
        ("https://a.example/x.", ">https://a.example/x</a>."),
        ("<mailto:a@b.example|mail>", 'href="mailto:a@b.example"'),
        (":rocket: :nonsense:", "🚀"),
        (":nonsense:", ">:nonsense:</span>"),
        ("<!date^1764000000^{date_num} {time}|then>", "2025-11-24 16:00"),
        ("<!date^never^{date}|then>", "<span>then</span>"),
        ("> said\nanswer", "<blockquote>said</blockquote>"),
        (">>> all\nof it", "<blockquote>all<br>of it</blockquote>"),
        ("before ```\nx = 1\n*y*\n``` after", "<pre><code>x = 1\n*y*</code></pre>"),
        ("``` unfinished", "``` unfinished"),
    ],
)  # fmt: skip
def test_draws(text: str, wanted: str) -> None:
    assert wanted in mrkdwn(text, NAMES)


def test_a_mention_of_the_viewer_stands_out() -> None:
    classes = [attributes.get("class") for _, attributes in Reading(mrkdwn("<@U1> <@U2>", NAMES)).elements]
    assert "mention me" in classes
    assert "mention" in classes


def test_a_script_link_is_only_its_label() -> None:
    reading = Reading(mrkdwn("<javascript:alert(1)|click me>", NAMES))
    assert reading.links == []
    assert "click me" in reading.words
