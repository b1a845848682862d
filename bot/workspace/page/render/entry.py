"""Typing a value: text, numbers, addresses, dates and times."""

from markupsafe import Markup

from bot.workspace.page.render.dates import moment_of
from bot.workspace.page.render.html import Json, tag
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import words

TYPES = {
    "plain_text_input": "text",
    "email_text_input": "email",
    "url_text_input": "url",
    "number_input": "number",
    "datepicker": "date",
    "timepicker": "time",
    "datetimepicker": "datetime-local",
}


def typed(element: Json, _names: Names) -> Markup:
    """A line or, when the app asks for it, several lines of text."""
    initial = element.get("initial_value")
    hint = words(element.get("placeholder")) or None
    shared: dict[str, str | bool | int | None] = {
        "class_": "text-input",
        "placeholder": hint,
        "minlength": element.get("min_length"),
        "maxlength": element.get("max_length"),
        "autofocus": bool(element.get("focus_on_load")),
    }
    if element.get("multiline"):
        return tag("textarea", "" if initial is None else f"\n{initial}", rows=4, **shared)
    return tag(
        "input",
        type=TYPES[str(element["type"])],
        value=None if initial is None else str(initial),
        min=element.get("min_value"),
        max=element.get("max_value"),
        step="any" if element.get("is_decimal_allowed") else None,
        autocomplete="off",
        **shared,
    )


def when(element: Json, _names: Names) -> Markup:
    """A date, a time, or both (then in the reader's time zone: the page turns `data-seconds` into local time)."""
    initial = element.get("initial_date") or element.get("initial_time")
    moment = moment_of(element.get("initial_date_time"))
    return tag(
        "input",
        type=TYPES[str(element["type"])],
        class_="text-input",
        value=None if initial is None else str(initial),
        data_seconds=None if moment is None else int(moment.timestamp()),
        title=words(element.get("placeholder")) or None,
    )
