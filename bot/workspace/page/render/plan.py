"""The `plan` block and its `task_card`s: what a run does, step by step, each with an icon and a word for its state."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from bot.workspace.page.render.html import Json, join, link, tag
from bot.workspace.page.render.icons import icon
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain, words
from bot.workspace.page.render.rich_text import rich_text
from commands.texts import later

STATES = {
    "pending": later("Not started"),
    "in_progress": later("In progress"),
    "complete": later("Done"),
    "error": later("Failed"),
}
_FEW = 40
"""Letters that stand in the line of a task."""


def plan(block: Json, names: Names) -> Markup:
    """A titled list of tasks with how many of them are done."""
    tasks: Sequence[Json] = block.get("tasks") or []
    done = sum(task.get("status") == "complete" for task in tasks)
    return tag(
        "section",
        tag(
            "div",
            tag("h3", plain(block.get("title"))),
            tag("span", names.say("{done} of {count} done", done=done, count=len(tasks)), class_="count"),
            _progress(done, tasks, names),
            class_="head",
        ),
        tag("ol", join(_row(task, names) for task in tasks), class_="tasks"),
        class_="plan",
        aria_label=words(block.get("title")) or names.say("Plan"),
    )


def _progress(done: int, tasks: Sequence[Json], names: Names) -> Markup:
    most = max(len(tasks), 1)
    return tag("progress", value=done, max=most, aria_label=names.say("Progress"), class_=_state_of(tasks))


def task_card(block: Json, names: Names) -> Markup:
    """One task on its own."""
    return tag("ol", _row(block, names), class_="tasks alone")


def _row(task: Json, names: Names) -> Markup:
    state = str(task.get("status") or "pending")
    state = state if state in STATES else "pending"
    line = (
        icon(state),
        tag("span", plain(task.get("title")), class_="title"),
        tag("span", names.say(STATES[state]), class_="state"),
    )
    return tag("li", _folded(task, line, names, state), class_=f"task {state}")


def _folded(task: Json, line: tuple[Markup, ...], names: Names, state: str) -> Markup:
    """Fold what else there is to say below the line; a word or two stand in it, with nothing to unfold."""
    more = {key: task[key] for key in ("details", "output", "sources") if task.get(key)}
    if not more:
        return tag("div", *line, class_="line")
    few = _few_words(more["details"]) if [*more] == ["details"] else ""
    if few:
        sign, title, word = line
        return tag("div", sign, title, tag("span", few, class_="aside"), word, class_="line")
    return tag(
        "details",
        tag("summary", *line, class_="line"),
        tag("div", *_unfolded(more, names), class_="more"),
        open=state in {"error", "in_progress"},
        data_key=str(task.get("task_id", "")),
        data_state=state,
    )


def _unfolded(more: Json, names: Names) -> Iterator[Markup]:
    for key, value in more.items():
        yield _sources(value, names) if key == "sources" else _rich(value, names, key)


def _few_words(value: Json | str) -> str:
    """Give a rich text as what it says, when that is short and nothing but text; else nothing."""
    if isinstance(value, str):
        said = value
    else:
        sections = value.get("elements") or []
        elements = sections[0].get("elements") or [] if len(sections) == 1 else []
        plainly = all(each.get("type") == "text" and not each.get("style") for each in elements)
        said = "".join(str(each.get("text", "")) for each in elements) if plainly else ""
    return said if len(said) <= _FEW and "\n" not in said else ""


def _rich(value: Json | str, names: Names, class_: str) -> Markup:
    drawn = plain(value) if isinstance(value, str) else rich_text(value, names)
    return tag("div", drawn, class_=class_)


def _sources(sources: Sequence[Json], names: Names) -> Markup:
    rows = (
        tag("li", link(source.get("url"), words(source.get("text")) or str(source.get("url")))) for source in sources
    )
    return tag("ul", join(rows), class_="sources", aria_label=names.say("Sources"))


def _state_of(tasks: Sequence[Json]) -> str:
    return "error" if any(task.get("status") == "error" for task in tasks) else "fine"
