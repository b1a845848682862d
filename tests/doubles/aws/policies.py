"""What IAM says of an action on a resource, by policies as they are written; what is unknown is an error."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
Context = Mapping[str, Sequence[str]]
_KNOWN = {"Sid", "Effect", "Action", "Resource", "Condition"}


def decide(documents: Sequence[Document], action: str, resource: str, context: Context) -> str:
    """Give `allowed`, `explicitDeny` or `implicitDeny`."""
    effects = {each["Effect"] for each in _statements(documents) if _is_about(each, action, resource, context)}
    if "Deny" in effects:
        return "explicitDeny"
    return "allowed" if "Allow" in effects else "implicitDeny"


def _statements(documents: Sequence[Document]) -> Iterator[Document]:
    for document in documents:
        assert document["Version"] == "2012-10-17"
        for statement in document["Statement"]:
            assert not (unknown := set(statement) - _KNOWN), f"this double does not know {unknown}"
            assert statement["Effect"] in ("Allow", "Deny")
            yield statement


def _is_about(statement: Document, action: str, resource: str, context: Context) -> bool:
    return (
        any(_like(action.lower(), each.lower()) for each in listed(statement["Action"]))
        and any(_like(resource, each) for each in listed(statement["Resource"]))
        and all(_holds(operator, asked, context) for operator, asked in statement.get("Condition", {}).items())
    )


def listed(value: Any) -> list[str]:
    """Give one, or several, as a list."""
    return [value] if isinstance(value, str) else list(value)


def _holds(operator: str, asked: Mapping[str, Any], context: Context) -> bool:
    """A key that the request has not is equal to nothing."""
    known = {key.lower(): values for key, values in context.items()}
    same = _OPERATORS[operator]
    return all(
        any(same(value, each) for value in known.get(key.lower(), ()) for each in listed(wanted))
        for key, wanted in asked.items()
    )


def _like(value: str, pattern: str) -> bool:
    """`*` is anything, also nothing and `:` and `/`; `?` is one character."""
    parts = re.split(r"([*?])", pattern)
    return re.fullmatch("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in parts), value) is not None


def _equal(value: str, wanted: str) -> bool:
    return value == wanted


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
}
