"""`make mutants` runs them; that they can still be planted is checked each time."""

import ast

import pytest

from tests.mutants.planted import ROOT, Mutant, mutants


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_mutant_can_be_planted(mutant: Mutant) -> None:
    ast.parse(mutant.applied((ROOT / mutant.file).read_text()))
    for test in mutant.tests:
        assert (ROOT / test.partition("@")[0].partition("::")[0]).exists()


def test_mutants_have_names_of_their_own() -> None:
    names = [mutant.name for mutant in mutants()]
    assert len(names) == len(set(names)) >= 18
