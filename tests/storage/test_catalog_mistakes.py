"""Everything that is wrong with a catalog is said at once, with its place."""

from pathlib import Path

import pytest

from storage.catalog import CatalogProblems, load
from storage.reading.document import NAMING
from tests.storage.catalogs import MINIMAL, wrong


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


def test_a_secret_is_where_a_container_can_get_it_from(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "    repository",
        """\
    secrets:
      homolog:
        API_KEY: variable:HELLO_API_KEY
        DATABASE_URL: parameter:/hello/db
        MAIL: variable:HELLO-MAIL
      production:
        API_KEY: secret:hello/api:key
    repository""",
    )
    wanted = "should be parameter:NAME, secret:NAME, secret:NAME:KEY or variable:NAME"
    mend = "add aws to it, or say variable:NAME, of Estiva's own process"
    assert wrong(tmp_path, text) == [
        f"10: services.hello.secrets.homolog.DATABASE_URL: homolog is in no account: {mend}",
        f"11: services.hello.secrets.homolog.MAIL: {wanted}, not 'variable:HELLO-MAIL'",
        f"13: services.hello.secrets.production.API_KEY: production is in no account: {mend}",
    ]
