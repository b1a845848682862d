"""Block JSON in, HTML out, one behaviour per family."""

from typing import Any

import pytest

from bot.workspace.page.render.blocks import FAMILIES, block, blocks
from bot.workspace.page.render.names import Names
from tests.page import gallery
from tests.page.markup import Reading

NAMES = Names(users={"U1": "Ana"}, channels={"C1": "deploys"})
Json = dict[str, Any]


def text(words: str, kind: str = "plain_text") -> Json:
    return {"type": kind, "text": words}


def options(*names: str) -> list[Json]:
    return [{"text": text(name.title()), "value": name} for name in names]


def actions(*elements: Json) -> Reading:
    return Reading(block({"type": "actions", "block_id": "b", "elements": list(elements)}, NAMES))


def find(reading: Reading, name: str, **wanted: str) -> Json:
    return next(
        attributes
        for element, attributes in reading.elements
        if element == name
        and all(attributes.get(key.replace("_", "-").strip("-")) == value for key, value in wanted.items())
    )


def test_an_unknown_block_is_shown_folded_with_its_json() -> None:
    reading = Reading(block({"type": "hologram", "secret": "x"}, NAMES))
    assert reading.elements[0][0] == "details"
    assert "hologram block" in reading.words
    assert '"secret": "x"' in reading.words


def test_a_block_of_unexpected_shape_is_shown_and_the_rest_drawn() -> None:
    drawn = blocks([{"type": "section", "fields": 7}, {"type": "header", "text": text("Fine")}], NAMES)
    assert "Not the expected shape" in drawn
    assert "Fine" in drawn


def test_a_section_has_text_fields_and_something_beside_it() -> None:
    accessory = {"type": "button", "action_id": "a", "text": text("Press")}
    drawn = block(
        {"type": "section", "text": text("*T*", "mrkdwn"), "fields": [text("F")], "accessory": accessory}, NAMES
    )
    assert "<strong>T</strong>" in drawn
    assert 'class="fields"' in drawn
    assert ">Press</button>" in drawn


def test_a_button_says_who_it_is_and_what_it_is_worth() -> None:
    reading = actions({"type": "button", "action_id": "go", "value": "7", "style": "danger", "text": text("Stop")})
    control = find(reading, "span", class_="control is-button")
    assert (control["data-block"], control["data-action"], control["data-kind"]) == ("b", "go", "button")
    assert find(reading, "button", data_value="7")["class"] == "button danger"


def test_a_button_with_an_address_is_a_link_that_leaves_safely() -> None:
    reading = actions({"type": "button", "action_id": "go", "url": "https://a.example", "text": text("Open")})
    assert find(reading, "a", href="https://a.example")["rel"] == "noopener noreferrer"


def test_a_button_with_a_script_address_stays_a_button() -> None:
    assert (
        actions({"type": "button", "action_id": "go", "url": "javascript:alert(1)", "text": text("Open")}).links == []
    )


def test_a_confirmation_is_a_dialog_beside_its_control() -> None:
    asked = {
        "title": text("Sure?"),
        "text": text("*Really*", "mrkdwn"),
        "confirm": text("Yes"),
        "deny": text("No"),
        "style": "danger",
    }
    reading = actions({"type": "button", "action_id": "go", "text": text("Go"), "confirm": asked})
    assert find(reading, "dialog")["aria-label"] == "Sure?"
    assert find(reading, "button", value="yes")["class"] == "button danger"
    assert find(reading, "button", value="no")


def test_a_select_knows_what_is_chosen() -> None:
    drawn = actions(
        {
            "type": "static_select",
            "action_id": "e",
            "options": options("homolog", "production"),
            "initial_option": options("production")[0],
        }
    )
    assert "selected" in find(drawn, "option", value="production")
    assert "selected" not in find(drawn, "option", value="homolog")


def test_grouped_options_keep_their_group() -> None:
    groups = [{"label": text("Here"), "options": options("a")}, {"label": text("There"), "options": options("b")}]
    reading = actions({"type": "static_select", "action_id": "e", "option_groups": groups})
    assert find(reading, "optgroup", label="There")


def test_people_are_chosen_by_name() -> None:
    reading = actions({"type": "users_select", "action_id": "who", "initial_user": "U1"})
    assert "selected" in find(reading, "option", value="U1")
    assert "@Ana" in reading.words


@pytest.mark.parametrize(("kind", "field"), [("checkboxes", "checkbox"), ("radio_buttons", "radio")])
def test_boxes_have_labels_and_hints(kind: str, field: str) -> None:
    given = [{"text": text("*One*", "mrkdwn"), "value": "1", "description": text("the first")}]
    reading = actions({"type": kind, "action_id": "c", "options": given})
    assert find(reading, "input", type=field, value="1")
    assert "the first" in reading.words


def test_the_menu_with_three_dots_has_a_name() -> None:
    reading = actions({"type": "overflow", "action_id": "o", "options": options("diagnose")})
    assert find(reading, "summary")["aria-label"] == "More actions"
    assert find(reading, "button", data_value="diagnose")


def test_pickers_start_where_the_app_says() -> None:
    reading = actions(
        {"type": "datepicker", "action_id": "d", "initial_date": "2026-01-31"},
        {"type": "timepicker", "action_id": "t", "initial_time": "09:30"},
    )
    assert find(reading, "input", type="date")["value"] == "2026-01-31"
    assert find(reading, "input", type="time")["value"] == "09:30"


def test_an_input_has_label_hint_and_a_place_for_its_fault() -> None:
    element = {
        "type": "plain_text_input",
        "action_id": "why",
        "multiline": True,
        "initial_value": "<x>",
        "max_length": 9,
    }
    reading = Reading(
        block(
            {
                "type": "input",
                "block_id": "b",
                "label": text("Why"),
                "hint": text("Say"),
                "optional": True,
                "element": element,
            },
            NAMES,
        )
    )
    assert find(reading, "textarea")["maxlength"] == "9"
    assert find(reading, "span", class_="fault")["role"] == "alert"
    assert "Why (optional)" in reading.words
    assert "<x>" in reading.words


def test_each_task_of_a_plan_has_a_word_for_its_state() -> None:
    reading = Reading(block(gallery.RUN, NAMES))
    for word in ("Done", "In progress", "Not started", "4 of 7 done", "Switch the traffic"):
        assert word in reading.words
    assert find(reading, "progress")["value"] == "4"
    assert "open" in find(reading, "details", data_key="deploy")
    assert "open" not in find(reading, "details", data_key="source")


def test_what_was_not_done_in_a_run_that_is_over_does_not_seem_to_be_coming() -> None:
    card = {"type": "task_card", "task_id": "t", "title": "Deploy hello", "status": "pending"}
    assert Reading(block(card, NAMES)).words.removeprefix("Deploy hello").strip() == "Not started"


def test_a_task_unfolds_only_where_there_is_more_than_a_few_words() -> None:
    card = {"type": "task_card", "task_id": "t", "title": "Test unit", "status": "pending"}
    assert "<details" not in block({**card, "details": _said("build")}, NAMES)
    assert '<span class="aside">build</span>' in block({**card, "details": _said("build")}, NAMES)
    assert "<details" in block({**card, "details": _said("build"), "output": _said("7 passed")}, NAMES)
    assert "<details" in block({**card, "details": _said("a" * 41)}, NAMES)


def _said(text: str) -> dict[str, object]:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
    }


def test_a_failed_task_is_open_and_says_so() -> None:
    card = {
        "type": "task_card",
        "task_id": "t",
        "title": "Run the tests",
        "status": "error",
        "output": "exit 1",
        "sources": [{"type": "url", "url": "javascript:x", "text": "log"}],
    }
    reading = Reading(block(card, NAMES))
    assert "Failed" in reading.words
    assert "open" in find(reading, "details")
    assert reading.links == []


def test_a_table_has_a_head_and_alignment() -> None:
    reading = Reading(block(gallery.TABLE, NAMES))
    assert find(reading, "th", class_="to-right")["scope"] == "col"
    assert find(reading, "div", class_="scroll")["tabindex"] == "0"
    cells = [attributes["data-of"] for name, attributes in reading.elements if name == "td"]
    assert cells[:4] == ["Service", "Homolog", "Production", "Since"]


def test_rich_text_has_styles_lists_quotes_and_code() -> None:
    styled = {"type": "text", "text": "x", "style": {"bold": True, "code": True}}
    section = {
        "type": "rich_text_section",
        "elements": [styled, {"type": "user", "user_id": "U1"}, {"type": "emoji", "name": "zzz", "unicode": "1f9ff"}],
    }
    listed = {"type": "rich_text_list", "style": "ordered", "offset": 2, "elements": [section]}
    code = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "<b>"}]}
    drawn = block({"type": "rich_text", "elements": [section, listed, code]}, NAMES)
    assert "<code><strong>x</strong></code>" in drawn
    assert "@Ana" in drawn
    assert '<ol class="indent-0" start="3">' in drawn
    assert "<code>&lt;b&gt;</code>" in drawn
    assert "🧿" in drawn


def test_an_outside_image_is_a_link_for_the_page_fetches_nothing() -> None:
    reading = Reading(block({"type": "image", "image_url": "https://a.example/x.png", "alt_text": "plot"}, NAMES))
    assert not [name for name, _ in reading.elements if name == "img"]
    assert reading.links == ["https://a.example/x.png"]


def test_an_alert_says_its_level() -> None:
    assert "Warning: " in Reading(block({"type": "alert", "level": "warning", "text": text("Careful")}, NAMES)).words


def test_a_container_folds() -> None:
    given = {
        "type": "container",
        "title": text("Log"),
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": [{"type": "divider"}],
    }
    reading = Reading(block(given, NAMES))
    assert "open" not in find(reading, "details")
    assert find(reading, "hr") == {}


def test_every_family_survives_an_empty_block() -> None:
    for kind in FAMILIES:
        assert block({"type": kind}, NAMES)
