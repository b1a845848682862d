"""The `markdown` block: headings, lists, tables, fences, quotes, rules, and inline marks and links of Markdown."""

import re
from collections.abc import Callable, Iterator

from markupsafe import Markup

from bot.workspace.page.render.html import join, link, tag

HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
BULLET = re.compile(r"^\s*[-*+]\s+(?:\[(?P<done>[ xX])\]\s+)?(?P<text>.*)$")
NUMBER = re.compile(r"^\s*(?P<at>\d{1,9})[.)]\s+(?P<text>.*)$")
RULE = re.compile(r"^\s*([-*_])(?:\s*\1){2,}\s*$")
DIVISION = re.compile(r"^\s*\|?\s*:?-{1,}:?\s*(?:\|\s*:?-{1,}:?\s*)*\|?\s*$")
INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|!?\[(?P<label>[^\[\]\n]*)\]\((?P<url>[^()\s]+)\)"
    r"|<(?P<auto>[^<>\s]+)>"
    r"|\*\*(?P<bold>[^\s*](?:[^\n]*?[^\s*])?)\*\*"
    r"|~~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~~"
    r"|(?<![\w*])(?P<mark>[*_])(?P<italic>[^\s*_](?:[^*_\n]*[^\s*_])?)(?P=mark)(?![\w*])"
)
DEEPEST = 6
Lines = list[str]


def markdown(text: str) -> Markup:
    """The text as paragraphs, lists, tables and so on; what is not understood stays as it was written."""
    return join(_blocks(text.replace("\r\n", "\n").split("\n")))


def _blocks(rest: Lines) -> Iterator[Markup]:
    while rest:
        if not rest[0].strip():
            rest.pop(0)
            continue
        yield next(draw for opens, draw in FAMILIES if opens(rest))(rest)


def _fence(rest: Lines) -> Markup:
    fence = rest.pop(0).strip()[:3]
    inside = _take(rest, lambda line: not line.strip().startswith(fence))
    if rest:
        rest.pop(0)
    return tag("pre", tag("code", "\n".join(inside)))


def _heading(rest: Lines) -> Markup:
    found = HEADING.match(rest.pop(0))
    marks, text = found.groups() if found else ("#", "")
    return tag(f"h{min(len(marks) + 2, 6)}", inline(text))


def _rule(rest: Lines) -> Markup:
    rest.pop(0)
    return tag("hr")


def _quote(rest: Lines) -> Markup:
    inside = _take(rest, lambda line: line.lstrip().startswith(">"))
    return tag("blockquote", _inline_lines([line.lstrip()[1:].strip() for line in inside]))


def _bullets(rest: Lines) -> Markup:
    return tag("ul", join(_point(found) for found in _matches(rest, BULLET)))


def _numbers(rest: Lines) -> Markup:
    found = _matches(rest, NUMBER)
    return tag("ol", join(tag("li", inline(each["text"])) for each in found), start=int(found[0]["at"]))


def _table(rest: Lines) -> Markup:
    head = _cells(rest.pop(0))
    rest.pop(0)
    rows = [_cells(line) for line in _take(rest, lambda line: "|" in line and bool(line.strip()))]
    return tag(
        "div",
        tag(
            "table",
            tag("thead", tag("tr", join(tag("th", inline(cell), scope="col") for cell in head))),
            tag("tbody", join(tag("tr", join(tag("td", inline(cell)) for cell in row)) for row in rows)),
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label="Table",
    )


def _paragraph(rest: Lines) -> Markup:
    taken = [rest.pop(0)]
    while rest and rest[0].strip() and not any(opens(rest) for opens, _ in FAMILIES[:-1]):
        taken.append(rest.pop(0))
    return tag("p", _inline_lines(taken))


FAMILIES: list[tuple[Callable[[Lines], bool], Callable[[Lines], Markup]]] = [
    (lambda rest: rest[0].strip().startswith(("```", "~~~")), _fence),
    (lambda rest: HEADING.match(rest[0]) is not None, _heading),
    (lambda rest: RULE.match(rest[0]) is not None, _rule),
    (lambda rest: rest[0].lstrip().startswith(">"), _quote),
    (lambda rest: BULLET.match(rest[0]) is not None, _bullets),
    (lambda rest: NUMBER.match(rest[0]) is not None, _numbers),
    (lambda rest: len(rest) > 1 and "|" in rest[0] and "-" in rest[1] and DIVISION.match(rest[1]) is not None, _table),
    (lambda _: True, _paragraph),
]


def inline(text: str, depth: int = 0) -> Markup:
    """One run of text: bold, italic, strike, code, links."""
    return join(_pieces(text, depth))


def _pieces(text: str, depth: int) -> Iterator[str | Markup]:
    position = 0
    for found in INLINE.finditer(text):
        yield text[position : found.start()]
        yield _drawn(found, depth)
        position = found.end()
    yield text[position:]


def _drawn(found: re.Match[str], depth: int) -> Markup | str:
    parts = found.groupdict()
    if parts["code"] is not None:
        return tag("code", parts["code"])
    if parts["url"] is not None:
        return link(parts["url"], parts["label"] or parts["url"])
    if parts["auto"] is not None:
        return link(parts["auto"], parts["auto"]) if "://" in parts["auto"] else found[0]
    name, inside = next(
        (name, parts[kind]) for name, kind in (("strong", "bold"), ("s", "strike"), ("em", "italic")) if parts[kind]
    )
    return tag(name, inline(inside, depth + 1) if depth < DEEPEST else inside)


def _point(found: re.Match[str]) -> Markup:
    if found["done"] is None:
        return tag("li", inline(found["text"]))
    done = found["done"] != " "
    return tag(
        "li",
        tag("input", type="checkbox", disabled=True, checked=done, aria_label="done" if done else "not done"),
        inline(found["text"]),
        class_="todo",
    )


def _inline_lines(written: Lines) -> Markup:
    return join((inline(line.strip()) for line in written), Markup("<br>"))


def _take(rest: Lines, wanted: Callable[[str], bool]) -> Lines:
    taken: Lines = []
    while rest and wanted(rest[0]):
        taken.append(rest.pop(0))
    return taken


def _matches(rest: Lines, pattern: re.Pattern[str]) -> list[re.Match[str]]:
    return [
        found for line in _take(rest, lambda line: pattern.match(line) is not None) if (found := pattern.match(line))
    ]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
