"""What stands in a template of CloudFormation, resolved: `Ref`, and `Fn::If` with `Fn::Equals` and `Fn::Not`."""

from collections.abc import Mapping
from typing import Any


def resolved(value: Any, body: Mapping[str, Any], known: Mapping[str, str]) -> Any:
    """Resolve everything in a value; a reference to what is not known stays by its name."""
    if isinstance(value, list):
        return [resolved(each, body, known) for each in value]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("Ref", name)]:
            found: Any = known.get(name, f"<{name}>")
        case [("Fn::If", [name, yes, no])]:
            condition = resolved(body["Conditions"][name], body, known)
            found = resolved(yes if condition else no, body, known)
        case [("Fn::Equals", [one, other])]:
            found = resolved(one, body, known) == resolved(other, body, known)
        case [("Fn::Not", [one])]:
            found = not resolved(one, body, known)
        case each:
            found = {key: resolved(inner, body, known) for key, inner in each}
    return found
