"""The page's templates over one afternoon in #deploys."""

import pytest

from bot.workspace.page.assets import INLINE, INLINE_HASH, Assets
from bot.workspace.page.drawing import Drawing
from bot.workspace.page.handlers import POLICY
from bot.workspace.page.render.media import local, size
from tests.page import gallery
from tests.page.markup import Reading

WHOLE = Drawing(gallery.STATE, "v1").page("C0DEPLOYS", {"messages": gallery.MESSAGES}, "messages")


def test_the_page_has_its_landmarks_and_language() -> None:
    reading = Reading(WHOLE.replace("<!doctype html>", ""))
    names = {name for name, _ in reading.elements}
    assert {"nav", "main", "aside", "h1"} <= names
    assert ("html", "en") in [(name, attributes.get("lang")) for name, attributes in reading.elements]
    log = next(attributes for _, attributes in reading.elements if attributes.get("role") == "log")
    assert log["aria-live"] == "polite"


def test_no_style_stands_in_the_page_itself_and_no_script_but_one_of_ours() -> None:
    ours = f"<script>{INLINE}</script>"
    assert WHOLE.count(ours) == 1
    assert f"'{INLINE_HASH}'" in POLICY
    assert "unsafe" not in POLICY
    reading = Reading(WHOLE.replace("<!doctype html>", "").replace(ours, ""))
    for name, attributes in reading.elements:
        assert "style" not in attributes
        assert not [key for key in attributes if key.startswith("on")]
        if name == "script":
            assert attributes.get("type") == "application/json" or attributes["src"].startswith("/page/static/")  # type: ignore[union-attr]


def test_every_button_has_words() -> None:
    for piece in WHOLE.split("<button")[1:]:
        inside = Reading("<button" + piece.split("</button>")[0] + "</button>")
        label = inside.elements[0][1].get("aria-label")
        assert label or inside.words.strip(), piece[:120]


def test_names_of_people_cannot_break_out() -> None:
    hostile = {**gallery.PEOPLE[0], "name": "</script><script>alert(1)</script>"}
    state = {**gallery.STATE, "people": [hostile, *gallery.PEOPLE[1:]], "me": hostile}
    drawn = Drawing(state).page("C0DEPLOYS", {"messages": []}, "messages")
    assert "<script>alert" not in drawn


def test_an_empty_channel_says_what_to_type() -> None:
    assert "@estiva deploy hello to homolog" in Drawing(gallery.STATE).channel("C0DEPLOYS", {"messages": []})


def test_a_channel_without_the_app_says_how_to_invite_it() -> None:
    channels = [{**gallery.STATE["channels"][0], "members": [gallery.ANA]}]
    assert "/invite @estiva" in Drawing({**gallery.STATE, "channels": channels}).channel("C0DEPLOYS", {"messages": []})


def test_a_person_who_is_away_from_the_bot_sees_it() -> None:
    state = {**gallery.STATE, "bot": {**gallery.STATE["bot"], "connected": False}}
    assert "Estiva is not connected" in " ".join(Reading(Drawing(state).sidebar("C0DEPLOYS")).words.split())


def test_a_modal_and_the_home_are_drawn() -> None:
    drawing = Drawing({**gallery.STATE, "views": [gallery.MODAL], "home": gallery.HOME})
    assert "Deploy a service" in drawing.view()
    assert "Good afternoon, Ana" in drawing.home()
    assert Drawing(gallery.STATE).view() == ""


def test_only_the_app_has_a_home() -> None:
    assert 'id="home"' in Drawing(gallery.STATE).channel("D0UANADEV01", {"messages": []}, "home")
    assert 'id="home"' not in Drawing(gallery.STATE).channel("C0DEPLOYS", {"messages": []}, "home")


def test_a_reply_shown_in_the_channel_says_where_it_comes_from() -> None:
    drawing = Drawing(gallery.STATE)
    assert "From a thread" in drawing.message(gallery.THREAD[1], "channel")
    assert "From a thread" not in drawing.message(gallery.THREAD[1], "thread")
    assert "From a thread" not in drawing.message(gallery.THREAD[0], "channel")


def test_a_thread_shows_files_and_no_reply_link() -> None:
    drawn = Drawing(gallery.STATE).thread(
        {"channel": "C0DEPLOYS", "messages": gallery.THREAD}, gallery.MESSAGES[2]["ts"]
    )
    assert 'href="/files/F1/run-11-tests.log?download=1"' in drawn
    assert "48.2 KB · 614 lines" in drawn
    assert 'class="replies"' not in drawn


@pytest.mark.parametrize(
    ("amount", "wanted"), [(0, "0 bytes"), (812, "812 bytes"), (48213, "48.2 KB"), (3_500_000, "3.5 MB"), (None, "")]
)
def test_sizes_are_said_in_words(amount: int | None, wanted: str) -> None:
    assert size(amount) == wanted


def test_only_own_paths_and_web_addresses_are_linked_for_files() -> None:
    assert local("http://127.0.0.1:1/files/F1/a%20b?download=1") == "/files/F1/a%20b?download=1"
    assert local("javascript:/files/x") is None
    assert local("https://a.example/x") == "https://a.example/x"


def test_all_styles_and_scripts_of_the_page_exist() -> None:
    known = Assets()._files  # noqa: SLF001 - what is served
    for address in Reading(WHOLE.replace("<!doctype html>", "")).links:
        if address.startswith("/page/static/"):
            assert address.removeprefix("/page/static/").split("?")[0] in known
