"""Whether those whom an environment asks may approve there at all: the policy has to say so too."""

from collections.abc import Mapping, Sequence

from storage.model.catalog import Environment, Grant, Person
from storage.reading.document import Item


def check(
    item: Item | None, known: Mapping[str, Environment], people: Mapping[str, Person], grants: Sequence[Grant]
) -> None:
    """Note everybody under `from` and under `escalate.to` who could be asked, and would then be refused."""
    for name, entry in (item.entries() if item else {}).items():
        rule = entry.entries().get("approvals") if entry.is_mapping else None
        if rule is None or not rule.is_mapping or name not in known:
            continue
        may = {who for grant in grants if _lets_approve(grant, known[name]) for who in grant.who}
        for one in _asked(rule):
            if one.is_text and not _is_let(one.text(), may, people):
                one.problem(f"{one.text()} may not approve in {name}: the policy has no line that says so")


def _asked(rule: Item) -> list[Item]:
    escalate = rule.entries().get("escalate")
    inside = escalate.entries() if escalate is not None and escalate.is_mapping else {}
    lists = [rule.entries().get("from"), inside.get("to")]
    return [one for each in lists if each is not None and not (each.is_text or each.is_mapping) for one in each.items()]


def _lets_approve(grant: Grant, place: Environment) -> bool:
    there = place.name in grant.environments or ("*" in grant.environments and not place.production)
    return there and not {"approve", "*"}.isdisjoint(grant.may)


def _is_let(who: str, may: set[str], people: Mapping[str, Person]) -> bool:
    """Tell whether the policy lets somebody approve, as far as it shows: who is in a group only Slack knows.

    Whom the catalog does not list has been noted already.
    """
    if who in may or who == "everyone":
        return True
    if who.startswith("group:"):
        return bool(may)
    if who.startswith("role:"):
        role = who.removeprefix("role:")
        holders = [person for person in people.values() if role in person.roles]
        return not holders or any(_person_is_let(person, may) for person in holders)
    person = next((person for person in people.values() if who in person.accounts), None)
    return person is None or _person_is_let(person, may)


def _person_is_let(person: Person, may: set[str]) -> bool:
    named = {"everyone", *person.accounts, *(f"role:{role}" for role in person.roles)}
    return not named.isdisjoint(may) or any(who.startswith("group:") for who in may)
