from commands.policy import Allowed, Denied, able, decide
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
