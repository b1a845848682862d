"""The catalog is read as written."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from storage.catalog import load
from storage.model.catalog import Action, ApprovalRule, Grant, Json, OnFailure, Person, Registry, Stage
from storage.model.window import Window
from tests.storage.catalogs import MINIMAL, Easy, read, wrong

EXAMPLE = Path(__file__).parents[2] / "examples" / "catalog.example.yml"


def test_the_example_has_everything() -> None:
    catalog = load(EXAMPLE)
    hello, ledger = catalog.services["hello"], catalog.services["ledger"]
    assert [(stage.name, stage.environment, stage.approval) for stage in hello.stages] == [
        ("source", "homolog", False),
        ("build", "homolog", False),
        ("test", "homolog", False),
        ("push", "homolog", False),
        ("deploy-homolog", "homolog", False),
        ("approve-production", None, True),
        ("deploy-production", "production", False),
    ]
    build: dict[str, Json] = {"image": "estiva/ci:base", "privileged": True, "network": "bridge", "cache": True}
    build |= {"parameter_store": ["/hello/*"], "secrets_manager": ["hello/*"], "aws": False}
    assert hello.stages[1].actions == (Action(name="image", uses="buildspec", options=build, timeout=1200),)
    assert [action.attempts for action in hello.stages[2].actions] == [1, 2]
    assert hello.env["homolog"] == {"GREETING": "olá", "LOG_LEVEL": "debug"}
    assert ledger.repository == str(EXAMPLE.resolve().parents[1] / "ledger")
    assert [(a.run_order, a.on_failure, a.cancel_siblings) for a in ledger.stages[1].actions] == [
        (1, OnFailure.ABORT, False),
        (2, OnFailure.CONTINUE, False),
        (2, OnFailure.ABORT, True),
    ]
    assert catalog.environments["production"].approval_ttl == 86_400
    assert hello.keep.caches == 10 * 1024**3
    assert catalog.people["U0ANA0001"] == Person(id="U0ANA0001", name="Ana", roles=("developer",))
    assert catalog.grants[1].environments == ("homolog",)
    assert catalog.registry.password_from == "REGISTRY_PASSWORD"
    assert len(catalog.digest) == 64


def test_little_is_needed(tmp_path: Path) -> None:
    catalog = read(tmp_path, MINIMAL)
    assert catalog.services["hello"].repository == str(tmp_path / "repos" / "hello")
    assert [stage.name for stage in catalog.services["hello"].stages] == [
        *("source", "build", "push", "deploy-homolog", "approve-production", "deploy-production")
    ]
    assert catalog.grants == (Grant(who=("role:developer",), may=("*",)),)
    assert catalog.registry == Registry(host="localhost:5000")


def test_without_approvals_there_is_no_gate(tmp_path: Path) -> None:
    catalog = read(tmp_path, MINIMAL.replace("approvals: 1", "approvals: 0"))
    assert not any(stage.approval for stage in catalog.services["hello"].stages)


@pytest.mark.parametrize("word", ["no", "1.10", "0777", "1e3", "null-ish", "12:30", "off", "2026-01-01", "0x1F", "~x"])
def test_texts_stay_as_they_are_written(tmp_path: Path, word: str) -> None:
    catalog = read(tmp_path, MINIMAL.replace("repository:", f"branch: {word}\n    repository:"))
    assert catalog.services["hello"].branch == word


def test_variables_are_texts_and_options_are_values(tmp_path: Path) -> None:
    env = "env: {homolog: {A: 1.0, B: no, C: 0o17, D: true}}"
    build = "build: {with: {a: 1, b: no, c: true, d: '1', e: 1.5, f: ~}}"
    hello = read(tmp_path, MINIMAL.replace("repository:", f"{env}\n    {build}\n    repository:")).services["hello"]
    assert hello.env["homolog"] == {"A": "1.0", "B": "no", "C": "0o17", "D": "true"}
    assert hello.stages[1].actions[0].options == {"a": 1, "b": "no", "c": True, "d": "1", "e": 1.5, "f": None}


@pytest.mark.parametrize(
    ("written", "window"),
    [
        ("{}", Window()),
        ("{days: fri}", Window(days=("fri",))),
        ("{days: sat-mon}", Window(days=("mon", "sat", "sun"))),
        ("{days: 'MON - wed, fri'}", Window(days=("mon", "tue", "wed", "fri"))),
        ("{days: [mon, thu-fri]}", Window(days=("mon", "thu", "fri"))),
        ("{hours: '22:00-04:30'}", Window(begins=1320, ends=270)),
        ("{hours: 9:00 - 24:00, zone: America/Sao_Paulo}", Window(begins=540, zone="America/Sao_Paulo")),
    ],
)
def test_a_window_is_read_as_people_write_it(tmp_path: Path, written: str, window: Window) -> None:
    text = MINIMAL.replace("image:", f"pipeline: [{{stage: a, window: {written}}}]\n    image:")
    assert read(tmp_path, text).services["hello"].stages == (Stage(name="a", window=window),)


def test_anchors_and_merges_save_repetition(tmp_path: Path) -> None:
    text = "x-common: &common {port: 9000, health: /up}\n" + MINIMAL.replace(
        "repository:", "<<: *common\n    port: 9001\n    repository:"
    )
    hello = read(tmp_path, text).services["hello"]
    assert (hello.port, hello.health) == (9001, "/up")


class Fussy(Easy):
    """A kind that takes none."""

    def problems(self, options: Mapping[str, Json]) -> list[str]:
        return [f"unknown option {name}" for name in options]


def test_kinds_check_their_own_options(tmp_path: Path) -> None:
    kinds = {"git": Easy(), "push": Easy(), "dockerfile": Fussy(), "docker": Fussy()}
    read(tmp_path, MINIMAL, kinds)
    text = MINIMAL.replace("image: loc", "build: {with: {q: 1}}\n    tests: [{name: a}]\n    image: loc")
    assert wrong(tmp_path, text.replace("[hml]", "[hml], target: dockr, options: {a: 1}"), kinds) == [
        "3: environments.homolog.target: no kind of action is called 'dockr'; did you mean docker?",
        "8: services.hello.build.with: unknown option q",
        "9: services.hello.tests[0]: no kind of action is called 'command'",
    ]


def with_build(build: str) -> str:
    return MINIMAL.replace("image: loc", f"build: {build}\n    image: loc")


def test_what_is_tried_again_is_named_by_its_errors(tmp_path: Path) -> None:
    kinds = {kind: Easy() for kind in ("git", "push", "dockerfile", "docker")}
    text = with_build("{retry: {attempts: 3, backoff: 5s, on: [timeout, registry_unavailable]}}")
    build = read(tmp_path, text, kinds).services["hello"].stages[1].actions[0]
    assert (build.attempts, build.backoff, build.retry_on) == (3, 5, ("timeout", "registry_unavailable"))
    plain = read(tmp_path, with_build("{attempts: 2}"), kinds).services["hello"].stages[1].actions[0]
    assert (plain.attempts, plain.backoff, plain.retry_on) == (2, None, None)


def test_errors_that_an_action_never_has_are_named(tmp_path: Path) -> None:
    kinds = {kind: Easy() for kind in ("git", "push", "dockerfile", "docker")}
    text = with_build("{attempts: 2, retry: {backoff: 5s, on: [registry_unavailble, moon], once: 1}}")
    place = "8: services.hello.build"
    near = "did you mean registry_unavailable?"
    known = "there are: no_value, registry_unavailable, timeout"
    assert wrong(tmp_path, text, kinds) == [
        f"{place}.attempts: stands inside retry when there is one",
        f"{place}.retry: attempts is missing",
        f"{place}.retry.on[0]: dockerfile never fails with 'registry_unavailble'; {near}",
        f"{place}.retry.on[1]: dockerfile never fails with 'moon'; {known}",
        f"{place}.retry.once: unknown key; did you mean on?",
    ]


def test_the_policy_knows_groups_channels_and_words(tmp_path: Path) -> None:
    line = "  - {who: [group:S0CREW], may: [deploy], channels: [C0DEPLOYS1, direct], with: {ref: [main, rel/*]}}\n"
    grant = read(tmp_path, MINIMAL + line).grants[-1]
    assert grant == Grant(
        who=("group:S0CREW",),
        may=("deploy",),
        channels=("C0DEPLOYS1", "direct"),
        arguments={"ref": ("main", "rel/*")},
    )
    line = "  - {who: [group:crew, role:boss], may: [deploy], channels: [deploys], with: {ref: main}}\n"
    assert wrong(tmp_path, MINIMAL + line) == [
        "13: policy[1].who[0]: nobody listed under people is 'group:crew'",
        "13: policy[1].who[1]: nobody listed under people is 'role:boss'",
        "13: policy[1].channels[0]: should be the id of a channel such as C0DEPLOYS1, or direct, not 'deploys'",
        "13: policy[1].with.ref: should be a list, not 'main'",
    ]


def test_a_person_has_other_accounts_and_addresses(tmp_path: Path) -> None:
    people = "  - {id: U0RUI0002, name: Rui, also: [U0RUI0099], emails: [rui@example.com], totp_from: RUI_TOTP}\n"
    catalog = read(tmp_path, MINIMAL.replace("policy:", people + "policy:"))
    rui = catalog.people["U0RUI0002"]
    assert (catalog.person("U0RUI0099"), rui.emails, rui.totp_from) == (rui, ("rui@example.com",), "RUI_TOTP")
    twice = people.replace("[U0RUI0099]", "[U0ANA0001]")
    assert wrong(tmp_path, MINIMAL.replace("policy:", twice + "policy:")) == [
        "11: people[1]: U0ANA0001 is listed a second time"
    ]


def test_approvals_are_a_number_or_a_rule(tmp_path: Path) -> None:
    rule = "{needed: 2, from: [role:developer, group:S0CREW], exclude: [requester, authors], expires: 2h, remind: 30m, "
    rule += "escalate: {after: 1h, to: [U0ANA0001]}, reuse: 1h, second_factor: totp}"
    ruled = MINIMAL.replace("approvals: 1", f"approvals: {rule}")
    may = '  - {who: ["role:developer"], may: [approve], in: [production]}\n'
    production = read(tmp_path, ruled + may).environments["production"]
    assert (production.approvals, production.approval_ttl) == (2, 7200)
    assert production.approval == ApprovalRule(
        of=("role:developer", "group:S0CREW"),
        without_authors=True,
        remind=1800,
        escalate_after=3600,
        escalate_to=("U0ANA0001",),
        reuse=3600,
        second_factor=True,
    )
    bad = (
        "{needed: 0, from: [role:nobody], exclude: [friends], escalate: {after: 1h}, second_factor: sms, remind: soon}"
    )
    assert wrong(tmp_path, MINIMAL.replace("approvals: 1", f"approvals: {bad}")) == [
        "4: environments.production.approvals.needed: should be at least 1",
        "4: environments.production.approvals.from[0]: nobody listed under people is 'role:nobody'",
        "4: environments.production.approvals.exclude[0]: 'friends' is not one of requester, authors",
        "4: environments.production.approvals.escalate: to is missing",
        "4: environments.production.approvals.second_factor: 'sms' is not one of totp",
        "4: environments.production.approvals.remind: should be a duration such as 90s, 30m or 24h, not 'soon'",
    ]


def test_who_is_asked_to_approve_has_to_have_the_right(tmp_path: Path) -> None:
    rule = "{from: [role:developer, group:S0CREW, everyone], escalate: {after: 1h, to: [U0BIA0002, U0BIA0003]}}"
    text = MINIMAL.replace("approvals: 1", f"approvals: {rule}")
    text = text.replace("policy:", "  - {id: U0BIA0002, name: Bia, roles: [lead], also: [U0BIA0003]}\npolicy:")
    no = "may not approve in production: the policy has no line that says so"
    place = "4: environments.production.approvals"
    bia = [f"{place}.escalate.to[{n}]: U0BIA000{n + 2} {no}" for n in (0, 1)]
    assert wrong(tmp_path, text) == [
        f"{place}.from[0]: role:developer {no}",
        f"{place}.from[1]: group:S0CREW {no}",
        *bia,
    ], "* does not reach production"
    named = text + "  - {who: [U0ANA0001], may: [approve, reject], in: [production]}\n"
    assert wrong(tmp_path, named) == bia
    for also in ("role:lead", "U0BIA0003", "everyone", "group:S0CREW"):
        read(tmp_path, named + f'  - {{who: ["{also}"], may: ["*"], in: [production]}}\n')


def test_freezes_have_days_dates_and_holidays(tmp_path: Path) -> None:
    text = MINIMAL + 'freezes:\n  - {environment: production, days: fri-sun, hours: "18:00-08:00", reason: night}\n'
    text += "  - {dates: [2026-12-24..2027-01-02, 2027-02-09], holidays: BR-SP, zone: America/Sao_Paulo}\n"
    night, year_end = read(tmp_path, text).freezes
    assert night.window == Window(days=("fri", "sat", "sun"), begins=18 * 60, ends=8 * 60)
    assert (night.environment, night.reason) == ("production", "night")
    assert (year_end.environment, year_end.holidays, year_end.zone) == (None, "BR-SP", "America/Sao_Paulo")
    assert [str(day) for days in year_end.dates for day in days] == [
        *("2026-12-24", "2027-01-02"),
        *("2027-02-09", "2027-02-09"),
    ]
    bad = "{environment: prod, days: friday, dates: [2026-13-01, 2026-02-02..2026-01-01], holidays: Brazil}"
    bad = f"freezes:\n  - {bad}\n"
    dates = "should be a date such as 2026-12-24, or from one to another: 2026-12-24..2027-01-02"
    assert wrong(tmp_path, MINIMAL + bad)[0].startswith("14: freezes[0].environment: there is no environment 'prod'")
    assert wrong(tmp_path, MINIMAL + bad)[2:4] == [f"14: freezes[0].dates[{n}]: {dates}" for n in (0, 1)]
    assert "no holidays are known of 'Brazil'" in wrong(tmp_path, MINIMAL + bad)[4]
