from dataclasses import replace

import pytest

from commands.policy import NAMED, Allowed, Denied, able, decide
from storage.model.catalog import Grant
from tests.commands.catalogs import CATALOG


def test_a_grant_allows_exactly_what_it_names() -> None:
    assert isinstance(decide(CATALOG, "UANA", "deploy", service="hello", environment="homolog"), Allowed)
    assert isinstance(decide(CATALOG, "UANA", "deploy", service="hello", environment="production"), Denied)
    assert isinstance(decide(CATALOG, "URUI", "deploy", service="hello", environment="production"), Allowed)


def test_everything_else_is_denied_and_says_who_may() -> None:
    stranger = decide(CATALOG, "UEVE", "deploy", service="hello", environment="homolog")
    assert stranger == Denied("unknown_person", ("UANA",))
    listed = decide(CATALOG, "UZOE", "status")
    assert listed == Denied("no_grant", ("UANA", "URUI"))


def test_who_may_is_answered_by_the_code_that_decides() -> None:
    for command in ("deploy", "status", "approve"):
        for environment in ("homolog", "production"):
            may = set(able(CATALOG, command, environment=environment))
            for user in CATALOG.people:
                allowed = isinstance(decide(CATALOG, user, command, environment=environment), Allowed)
                assert allowed == (user in may)


STAR = Grant(who=("UZOE",), may=("*",), environments=("*",))


@pytest.mark.parametrize("act", sorted(NAMED))
def test_star_does_not_mean_what_overrules_others(act: str) -> None:
    catalog = replace(CATALOG, grants=(STAR,))
    assert isinstance(decide(catalog, "UZOE", act, environment="homolog"), Denied)
    named = replace(CATALOG, grants=(replace(STAR, may=(act,)),))
    assert isinstance(decide(named, "UZOE", act, environment="homolog"), Allowed)
    assert isinstance(decide(named, "UZOE", act, environment="production"), Denied)


def test_production_is_reached_only_by_name() -> None:
    catalog = replace(CATALOG, grants=(STAR,))
    assert isinstance(decide(catalog, "UZOE", "deploy", environment="homolog"), Allowed)
    assert isinstance(decide(catalog, "UZOE", "deploy", environment="production"), Denied)


def test_ids_are_compared_whole() -> None:
    catalog = replace(CATALOG, grants=(Grant(who=("UZOE", "group:S1"), may=("deploy",)),))
    for user in ("UZO", "UZOEX", "XUZOE", "uzoe", "", "group:S1", "S1"):
        assert isinstance(decide(catalog, user, "deploy", groups={"S1": frozenset({"UGUS"})}), Denied)


def test_a_group_means_its_members_listed_or_not() -> None:
    catalog = replace(CATALOG, grants=(Grant(who=("group:S1",), may=("deploy",)),))
    members = {"S1": frozenset({"UANA", "UNEW"})}
    assert set(able(catalog, "deploy", groups=members)) == {"UANA", "UNEW"}
    assert isinstance(decide(catalog, "UNEW", "deploy", groups=members), Allowed)
    assert decide(catalog, "UNEW", "deploy", groups={}) == Denied("unknown_person", ())


def test_another_account_of_a_person_has_the_persons_rights() -> None:
    ana = replace(CATALOG.people["UANA"], also=("UANA2",))
    catalog = replace(CATALOG, people={**CATALOG.people, "UANA": ana})
    assert isinstance(decide(catalog, "UANA2", "deploy", environment="homolog"), Allowed)
    assert isinstance(decide(catalog, "UANA2", "deploy", environment="production"), Denied)
