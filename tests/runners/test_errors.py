"""Every failure has a name that stays, and every name is declared by the kind that may fail with it."""

import ast
from pathlib import Path

from runners.contract import TAIL_ERRORS
from runners.kinds import known_kinds
from storage.model.kind import ENGINE_ERRORS

ROOT = Path(__file__).parents[2]
MADE = {"ActionFailed", "AwsRefused", "Ended"}
DECLARED = {name for kind in known_kinds().values() for name in kind.errors} | set(ENGINE_ERRORS)


def raised() -> dict[str, set[str]]:
    """Where an `ActionFailed`, or one of its kinds, is made -> the names that its `error` may have."""
    found = {}
    for path in (ROOT / "runners").rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MADE:
                named = next((each.value for each in node.keywords if each.arg == "error"), None)
                found[f"{path.name}:{node.lineno}"] = names(named, tree) if named else set()
    return found


def names(named: ast.expr, tree: ast.Module) -> set[str]:
    """Give what an expression may be: constants in it, or what a function of the same file returns."""
    if isinstance(named, ast.Call) and isinstance(named.func, ast.Attribute):
        asked = named.func.attr
        functions = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.name == asked]
        returned = [r.value for f in functions for r in ast.walk(f) if isinstance(r, ast.Return) and r.value]
        return {name for value in returned for name in results(value)}
    return {str(each.value) for each in ast.walk(named) if isinstance(each, ast.Constant)}


def results(value: ast.expr) -> set[str]:
    if isinstance(value, ast.IfExp):
        return results(value.body) | results(value.orelse)
    return {str(value.value)} if isinstance(value, ast.Constant) else set()


def test_every_failure_says_its_name_and_somebody_declares_it() -> None:
    places = raised()
    assert len(places) > 30
    known = DECLARED | set(TAIL_ERRORS)
    assert {place: names for place, names in places.items() if not names or not names <= known} == {}


def test_no_name_is_declared_for_nothing() -> None:
    said = set().union(*raised().values()) | {"unknown_ref", "no_value"}
    assert said >= DECLARED | set(TAIL_ERRORS)


def test_names_are_written_alike_and_stand_in_the_documentation() -> None:
    documented = (ROOT / "docs" / "catalog.md").read_text()
    for name in DECLARED:
        assert name.replace("_", "").isalpha()
        assert name.islower()
        assert f"`{name}`" in documented
