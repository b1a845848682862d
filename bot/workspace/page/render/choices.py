"""Choosing among options: selects, checkboxes, radio buttons, the overflow menu."""

from collections.abc import Iterable

from markupsafe import Markup

from bot.workspace.page.render.html import Json, join, tag
from bot.workspace.page.render.mrkdwn import inline
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain, words


def select(element: Json, names: Names) -> Markup:
    """A select with fixed options, grouped or not, for one value or several."""
    chosen = _chosen(element)
    groups = element.get("option_groups")
    options = (
        join(tag("optgroup", _options(group["options"], chosen), label=words(group["label"])) for group in groups)
        if groups
        else _options(element["options"], chosen)
    )
    return _box(element, options, chosen, names)


def people_and_places(element: Json, names: Names) -> Markup:
    """A select of people or channels of this workspace."""
    kind = str(element["type"])
    people, prefix = ("users" in kind), ("@" if "users" in kind else "#")
    known = names.users if people else names.channels
    given = [element.get(key) for key in ("initial_user", "initial_channel", "initial_conversation")]
    for key in ("initial_users", "initial_channels", "initial_conversations"):
        given += element.get(key) or []
    chosen = {str(each) for each in given if each}
    return _box(element, join(_option(key, f"{prefix}{name}", chosen) for key, name in known.items()), chosen, names)


def choices(element: Json, names: Names) -> Markup:
    """Checkboxes or radio buttons, each with its label and description."""
    kind = "checkbox" if element["type"] == "checkboxes" else "radio"
    chosen = _chosen(element)
    group = str(element.get("action_id", "choice")) if kind == "radio" else None
    return tag(
        "span", join(_choice(option, kind, group, chosen, names) for option in element["options"]), class_="choices"
    )


def menu(element: Json, names: Names) -> Markup:
    """The overflow menu: a button with three dots that unfolds its options."""
    rows = (
        tag("button", plain(option["text"]), type="button", class_="row", data_value=str(option.get("value", "")))
        for option in element["options"]
    )
    dots = tag("summary", "⋯", class_="button", aria_label=names.say("More actions"), title=names.say("More actions"))
    return tag("details", dots, tag("span", join(rows), class_="menu"), class_="overflow")


def _box(element: Json, options: Markup, chosen: set[str], names: Names) -> Markup:
    many = str(element["type"]).startswith("multi_")
    label = words(element.get("placeholder")) or names.say("Choose")
    empty = (
        None if many else tag("option", label, value="", selected=not chosen, disabled=bool(element.get("_required")))
    )
    return tag(
        "select",
        empty,
        options,
        class_="select",
        title=label,
        multiple=many,
        data_most=element.get("max_selected_items"),
    )


def _options(options: Iterable[Json], chosen: set[str]) -> Markup:
    return join(_option(str(option.get("value", "")), words(option["text"]), chosen) for option in options)


def _option(value: str, label: str, chosen: set[str]) -> Markup:
    return tag("option", label, value=value, selected=value in chosen)


def _choice(option: Json, kind: str, group: str | None, chosen: set[str], names: Names) -> Markup:
    value = str(option.get("value", ""))
    text = option["text"]
    label = inline(words(text), names) if text.get("type") == "mrkdwn" else plain(text)
    hint = tag("span", plain(option["description"]), class_="hint") if option.get("description") else None
    box = tag("input", type=kind, value=value, name=group, checked=value in chosen)
    return tag("label", box, tag("span", label, hint), class_="choice")


def _chosen(element: Json) -> set[str]:
    given = [*(element.get("initial_options") or []), *filter(None, [element.get("initial_option")])]
    return {str(option.get("value", "")) for option in given}
