"""The catalog is read as written, and everything that is wrong with it is said at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from storage.catalog import CatalogProblems, Kinds, load
from storage.model.catalog import Action, ApprovalRule, Catalog, Grant, Json, Mode, OnFailure, Person, Registry, Stage
from storage.model.window import Window
from storage.reading.document import NAMING

EXAMPLE = Path(__file__).parents[2] / "examples" / "catalog.example.yml"
MINIMAL = """\
registry: {host: localhost:5000}
environments:
  homolog: {aliases: [hml]}
  production: {promotes_from: homolog, approvals: 1, production: true}
services:
  hello:
    repository: repos/hello
    image: localhost:5000/hello
people:
  - {id: U0ANA0001, name: Ana, roles: [developer]}
policy:
  - {who: ["role:developer"], may: ["*"]}
"""


def read(tmp_path: Path, text: str, kinds: Kinds | None = None) -> Catalog:
    file = tmp_path / "catalog.yml"
    file.write_text(text, encoding="utf-8")
    return load(file, kinds)


def wrong(tmp_path: Path, text: str, kinds: Kinds | None = None) -> list[str]:
    with pytest.raises(CatalogProblems) as caught:
        read(tmp_path, text, kinds)
    return [problem.removeprefix(f"{tmp_path}/catalog.yml:") for problem in caught.value.problems]


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


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    problems = wrong(
        tmp_path,
        """\
registry: {hosts: localhost:5000}
environments:
  homolog: {aliases: [prod], approvals: many}
  production: {promotes_from: homlog, approval_ttl: soon, production: yes}
services:
  hello:
    repositry: x
    image: localhost:5000/hello
    port: 99999
    env: {staging: {A: 1}}
    build: {use: dockerfile}
  produção:
    repository: x
    image: -x
    aliases: [PRODUCTION, hello]
people:
  - {id: ana, name: Ana}
policy:
  - {who: [role:developr], may: deploy, in: [prodution], services: [helo]}
""",
    )
    assert problems == [
        "1: registry: host is missing",
        "1: registry.hosts: unknown key; did you mean host?",
        "3: environments.homolog.approvals: should be a whole number, not 'many'",
        "4: environments.production.promotes_from: there is no environment 'homlog'; did you mean homolog?",
        "4: environments.production.approval_ttl: should be a duration such as 90s, 30m or 24h, not 'soon'",
        "4: environments.production.production: should be true or false, not 'yes'",
        "6: services.hello: repository is missing",
        "7: services.hello.repositry: unknown key; did you mean repository?",
        "9: services.hello.port: there is no port 99999",
        "10: services.hello.env.staging: there is no environment 'staging'",
        "11: services.hello.build.use: unknown key; did you mean uses?",
        f"12: services.produção: 'produção' is no name: {NAMING}",
        "14: services.produção.image: should be an image without its tag, not '-x'",
        "15: services.produção.aliases[0]: 'PRODUCTION' already means environments.production (line 4)",
        "15: services.produção.aliases[1]: 'hello' already means services.hello (line 6)",
        "17: people[0].id: should be a Slack user id such as U0ANA0001, not 'ana'",
        "19: policy[0].who[0]: nobody listed under people is 'role:developr'",
        "19: policy[0].may: should be a list, not 'deploy'",
        "19: policy[0].in[0]: there is no environment 'prodution'; did you mean production?",
        "19: policy[0].services[0]: there is no service 'helo'; did you mean hello?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("image: localhost", "image: a\n    image: localhost", "9: services.hello.image: stands here a second time"),
        (
            "host: localhost:5000}",
            "host: x, username_from: A}",
            "username_from and password_from go together",
        ),
        ("{aliases: [hml]}", "{aliases: hml}", "3: environments.homolog.aliases: should be a list, not 'hml'"),
        ("{aliases: [hml]}", "{promotes_from: production}", "promotes in a circle"),
        ("policy:", "polcy:", "11: polcy: unknown key; did you mean policy?"),
        ("policy:", "policy: []\nx: [", "no YAML"),
        ("name: Ana", "name: [Ana]", "people[0].name: should be a text, not a list"),
        ("image: localhost", "pipeline: none\n    image: localhost", "'none' is not one of default"),
        (
            "image: localhost",
            "keep: {caches: much}\n    image: localhost",
            "keep.caches: should be a size such as 512m or",
        ),
        (
            "image: localhost",
            "keep: {caches: 0g}\n    image: localhost",
            "keep.caches: should be a size such as 512m or",
        ),
        ("image: localhost", "tests: [{with: {}}]\n    image: localhost", "tests[0]: name is missing"),
        (
            "image: localhost",
            "pipeline: [{stage: a}]\n    image: localhost",
            "has no actions, and no gate",
        ),
        *(
            (
                "image: localhost",
                f"pipeline:\n      - {{stage: a, {gate}}}\n    image: localhost",
                f"9: services.hello.{at}",
            )
            for gate, at in (
                ("pause: soon", "pipeline[0].pause: should be true or false, not 'soon'"),
                ("succeeded_in: homlog", "pipeline[0].succeeded_in: 'homlog' is not one of homolog, production; did"),
                ("window: mon", "pipeline[0].window: should be a mapping, not 'mon'"),
                ("window: {day: mon}", "pipeline[0].window.day: unknown key; did you mean days?"),
                ("window: {days: mon-}", "pipeline[0].window.days: 'mon-' is no day: days are mon, tue,"),
                ("window: {days: [fri, mun]}", "pipeline[0].window.days: 'mun' is no day: days are mon, tue,"),
                ("window: {hours: 9-17}", 'pipeline[0].window.hours: should be hours such as "09:00-17:00"'),
                ("window: {hours: '09:00-25:00'}", "pipeline[0].window.hours: should be hours such as"),
                ("window: {hours: '09:00-09:00'}", "pipeline[0].window.hours: should be hours such as"),
                ("window: {zone: America/Sao_Palo}", "pipeline[0].window.zone: there is no time zone"),
            )
        ),
        ("image: localhost", "pipeline: []\n    image: localhost", "pipeline: has no stages"),
        (
            "image: localhost",
            "pipeline: [{stage: a, approval: true, actions: [{name: a, uses: b}]}]\n    image: localhost",
            "pipeline[0]: is an approval and so has no actions",
        ),
        (
            "image: localhost",
            "pipeline:\n      - {stage: a, environment: homlog, approval: true}\n    image: localhost",
            "9: services.hello.pipeline[0].environment: 'homlog' is not one of homolog, production; did you mean homo",
        ),
        (
            "image: localhost",
            "pipeline:\n      - {stage: a, approval: true}\n      - {stage: a, approval: true}\n    image: localhost",
            "10: services.hello.pipeline[1]: a second stage is called 'a' (first on line 9)",
        ),
        ("repository: repos/hello", "repository: --upload-pack=x", "should be a git URL or a path"),
        (
            "image: localhost",
            "build: {}\n    pipeline: [{stage: a, approval: true}]\n    image: localhost",
            "build: belongs",
        ),
        ("image: localhost", "build: {with: &a {x: *a}}\n    image: localhost", "an anchor contains itself"),
        (
            "{id: U0ANA0001, name: Ana",
            "{id: U0ANA0001, name: A}\n  - {id: U0ANA0001, name: Ana",
            "is listed a second time",
        ),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in MINIMAL
    assert any(problem in line for line in wrong(tmp_path, MINIMAL.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "1: the file is empty"), ("- a", "1: should be a mapping, not a list"), ("a: 'b", "1: no YAML")],
)
def test_what_is_no_catalog_is_said_to_be_none(tmp_path: Path, text: str, problem: str) -> None:
    assert any(line.startswith(problem) for line in wrong(tmp_path, text))


def test_a_file_in_another_encoding_is_named_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "catalog.yml").write_bytes(MINIMAL.encode() + "# olá".encode("latin-1"))
    with pytest.raises(CatalogProblems, match=r"catalog\.yml:13: not UTF-8"):
        load(tmp_path / "catalog.yml")


@dataclass
class Easy:
    """A kind that takes any option."""

    errors: Mapping[str, str] = field(default_factory=lambda: {"registry_unavailable": "it does not answer"})
    exports: Collection[str] | None = None

    def problems(self, options: Mapping[str, Json]) -> list[str]:
        return []


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


KINDS = {kind: Easy() for kind in ("git", "dockerfile", "docker", "command")} | {
    "push": Easy(exports=("IMAGE_DIGEST",))
}
SEVERAL = MINIMAL.replace(
    "image: localhost",
    """pipelines:
      quick:
        mode: superseded
        stages:
          - {stage: deploy, environment: homolog, actions: [{name: deploy, uses: docker}]}
      nightly: {mode: parallel}
      again: default
    image: localhost""",
)


def test_a_service_may_have_several_pipelines(tmp_path: Path) -> None:
    hello = read(tmp_path, SEVERAL, KINDS).services["hello"]
    assert [(each.name, each.mode) for each in hello.pipelines.values()] == [
        ("quick", Mode.SUPERSEDED),
        ("nightly", Mode.PARALLEL),
        ("again", Mode.QUEUED),
    ]
    assert hello.stages == hello.pipeline().stages == hello.pipelines["quick"].stages
    assert [stage.name for stage in hello.stages] == ["deploy"]
    assert hello.pipelines["nightly"].stages == hello.pipelines["again"].stages
    assert hello.pipeline("again").stages[0].name == "source"


@pytest.mark.parametrize("pipeline", ["pipeline: default", "pipeline: {mode: superseded}"])
def test_what_stands_under_pipeline_is_the_default_one(tmp_path: Path, pipeline: str) -> None:
    text = SEVERAL.replace("pipelines:", f"{pipeline}\n    pipelines:")
    hello = read(tmp_path, text, KINDS).services["hello"]
    assert list(hello.pipelines) == ["default", "quick", "nightly", "again"]
    assert hello.stages[0].name == "source"
    assert (hello.pipeline().mode is Mode.SUPERSEDED) == ("superseded" in pipeline)


def test_the_pipeline_that_is_called_default_comes_first(tmp_path: Path) -> None:
    hello = read(tmp_path, SEVERAL.replace("again:", "default:"), KINDS).services["hello"]
    assert list(hello.pipelines) == ["default", "quick", "nightly"]


def test_a_pipeline_that_says_only_its_stages_is_queued(tmp_path: Path) -> None:
    hello = read(tmp_path, MINIMAL, KINDS).services["hello"]
    assert (list(hello.pipelines), hello.pipeline().mode) == (["default"], Mode.QUEUED)


def test_everything_wrong_with_the_pipelines_is_said_at_once(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "image: localhost",
        """pipeline:
      - stage: build
        actions:
          - {name: image, uses: dockerfile, with: {args: {V: "#{push.IMAGE_DIGEST}"}}}
          - {name: push, uses: push, run_order: 2, on_failure: rollback}
      - stage: test
        environment: homolog
        actions:
          - name: probe
            uses: command
            on_failure: rollback
            with:
              run: [probe, "#{imag.IMAGE}", "#{push.DIGEST} and #{build/push.IMAGE_DIGEST}"]
              env: {ID: "#{run.ID}", WHAT: "#{run.WHAT}", LITERAL: "##{x}", EMPTY: "#{}"}
    pipelines:
      default: default
      Quick: {mode: fast, stages: none}
    build: {with: {args: {A: "#{tests.X}"}}}
    image: localhost""",
    )
    place = "services.hello.pipeline"
    probe = f"{place}[1].actions[0]"
    write = "write #{action.NAME} or #{stage/action.NAME}, and ##{ for what should stay as it is"
    late = "build/push does not end before this action begins"
    nothing = "nothing deploys to homolog up to this stage, so there is nothing to roll back"
    exports = "build/push hands on no DIGEST; did you mean IMAGE_DIGEST?"
    tests = "there is no action tests; there are: checkout, source/checkout"
    assert wrong(tmp_path, text, KINDS) == [
        f"11: {place}[0].actions[0].with.args.V: #{{push.IMAGE_DIGEST}}: {late}",
        f"12: {place}[0].actions[1].on_failure: the stage has no environment to roll back: set its environment",
        f"18: {probe}.on_failure: {nothing}",
        f"20: {probe}.with.run[1]: #{{imag.IMAGE}}: there is no action imag; did you mean image?",
        f"20: {probe}.with.run[2]: #{{push.DIGEST}}: {exports}",
        f"21: {probe}.with.env.WHAT: #{{run.WHAT}}: run has no WHAT; there are: ID, REF, REQUESTER",
        f"21: {probe}.with.env.EMPTY: '#{{}}' names no variable: {write}",
        "23: services.hello.pipelines.default: is the default pipeline, which stands under pipeline already",
        f"24: services.hello.pipelines.Quick: 'Quick' is no name: {NAMING}",
        "24: services.hello.pipelines.Quick.mode: 'fast' is not one of queued, superseded, parallel",
        "24: services.hello.pipelines.Quick.stages: 'none' is not one of default",
        f"25: services.hello.build.with.args.A: #{{tests.X}}: {tests}",
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
