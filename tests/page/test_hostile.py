"""Whatever a message holds: no element, attribute or address of its own gets into the page."""

import gc
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.workspace.page.message import body
from bot.workspace.page.render.blocks import FAMILIES, blocks
from bot.workspace.page.render.controls import FAMILIES as CONTROLS
from bot.workspace.page.render.html import safe_url
from bot.workspace.page.render.markdown import markdown
from bot.workspace.page.render.mrkdwn import mrkdwn
from bot.workspace.page.render.names import Names
from tests.page.markup import Reading

NAMES = Names(users={"U1": '"><script>alert(1)</script>'}, channels={"C1": "<img src=x onerror=alert(1)>"}, viewer="U1")

ELEMENTS = """
a blockquote br button code dd details dialog div dl dt em fieldset figcaption figure form h2 h3 h4 h5 h6 hr
img input label legend li ol optgroup option p path pre progress rect s section select span strong summary svg
table tbody td textarea th thead time tr u ul
"""
ATTRIBUTES = """
alt aria-hidden aria-label autocomplete autofocus checked class d data-action data-block data-channel
data-dispatch data-file data-key data-kind data-label data-most data-pattern data-required data-seconds
data-state data-value datetime disabled download fill height hidden href label loading max maxlength method
min minlength multiple name open placeholder rel role rows rx scope selected src start step tabindex target
title type value viewbox width
"""
KEYS = """
text fields accessory elements element label hint options option_groups initial_option value url confirm title
style tasks task_id status details output sources rows column_settings image_url alt_text placeholder block_id
action_id deny level name user_id channel_id timestamp format fallback unicode range indent offset border
initial_value multiline initial_date dispatch_action description child_blocks is_collapsible actions body
color blocks pretext footer ts author_name
"""
SPICE = some.sampled_from(
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "javascript:alert(1)",
        '"\'> onclick=alert(1) x="',
        "<https://a.b|<b>x</b>>",
        "<javascript:alert(1)|click>",
        "</code></pre><script>",
        "<!-- ",
        "]]>",
        "&lt;script&gt;",
        "&amp;lt;",
        "*_~`*_~`",
        "```",
        ">",
        ">>>",
        "<@U1>",
        "<#C1>",
        "<!date^0^{date}^javascript:alert(1)|x>",
        "<!subteam^S1|@<b>>",
        "[x](javascript:alert(1))",
        '[x](https://a"onclick=1)',
        "![x](data:text/html,1)",
        "\n|a|b|\n|-|-|\n|<i>|2|",
        ":tada:",
        "data:text/html,<script>",
        "//evil",
        'https://ok.example/"><svg onload=1>',
        "\x00",
        "\u2028",
    ]
)
TEXT = some.lists(SPICE | some.text(max_size=8), max_size=8).map("".join)
KINDS = [*FAMILIES, *CONTROLS, "plain_text", "mrkdwn", "rich_text_section", "rich_text_list", "rich_text_preformatted"]
KINDS += ["rich_text_quote", "text", "link", "user", "channel", "emoji", "date", "raw_text", "broadcast", "nonsense"]
SCALAR = TEXT | some.integers() | some.booleans() | some.none() | some.floats() | some.sampled_from(KINDS)
JSON = some.recursive(
    SCALAR,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.fixed_dictionaries({"type": some.sampled_from(KINDS)}, optional=dict.fromkeys(KEYS.split(), inner))
    ),
    max_leaves=24,
)


def check(markup: str) -> Reading:
    reading = Reading(markup)
    assert not reading.crossed
    assert not reading.open
    assert not reading.oddities
    for name, attributes in reading.elements:
        assert name in ELEMENTS.split(), name
        assert set(attributes) <= set(ATTRIBUTES.split()), attributes
    for address in reading.links:
        assert address.startswith("/") or safe_url(address), address
    return reading


@given(TEXT)
def test_mrkdwn_makes_no_markup_of_its_own(text: str) -> None:
    check(mrkdwn(text, NAMES))


@given(TEXT)
def test_markdown_makes_no_markup_of_its_own(text: str) -> None:
    check(markdown(text))


@settings(max_examples=400, deadline=None)
@given(some.lists(JSON, max_size=3))
def test_any_json_is_drawn_without_falling_over(given_blocks: list[Any]) -> None:
    check(blocks(given_blocks, NAMES))


@settings(max_examples=100, deadline=None)
@given(JSON, JSON, TEXT)
def test_any_message_is_drawn_without_falling_over(inside: Any, attached: Any, text: str) -> None:
    check(body({"text": text, "blocks": [inside], "attachments": [attached]}, NAMES))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)",
        "data:text/html,x", "vbscript:x",
        "//evil.example", "https:", "https://[", "file:///etc/passwd", "\x01javascript:alert(1)", "blob:https://x",
        "", None, 7, "relative",
    ],
)  # fmt: skip
def test_refuses_addresses_that_are_no_web_or_mail_link(address: object) -> None:
    assert safe_url(address) is None


@pytest.mark.parametrize("piece", ["<", "*a", "_", "`", "[", "|", "> ", "**a", "a\n", "[a](b", "```a"])
def test_long_hostile_text_takes_no_long_time(piece: str) -> None:
    """Four times the text may take about four times as long; what is quadratic takes sixteen times as long."""
    short = max(0.05, _spent(piece * 5_000))
    assert _spent(piece * 20_000) < 10 * short


def _spent(text: str) -> float:
    gc.disable()  # it looks through all that earlier tests have left in the process
    try:
        before = time.thread_time()  # what other threads do meanwhile is not its cost
        check(mrkdwn(text, NAMES))
        check(markdown(text))
        return time.thread_time() - before
    finally:
        gc.enable()
