"""The `estiva` command: what people type, what programs read, and what wrong input gets."""

import asyncio
import csv
import io
import json
import re
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.cli.docs import Page, write
from bot.cli.telling import tell
from bot.settings import Settings
from storage.catalog import load
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.model.request import Request, Via
from storage.model.run import Plan, Status, Trigger
from storage.store import Store
from tests.terminal.conftest import CATALOG, Estiva

ROOT = Path(__file__).resolve().parents[2]


def remember(data: Path) -> None:
    """One failed run with its log, and a refusal whose text would be a formula in a spreadsheet."""

    async def write_it() -> None:
        catalog = load(CATALOG)
        service, homolog = catalog.services["hello"], catalog.environments["homolog"]
        store = await Store.open(f"sqlite:///{data / 'estiva.db'}", data)
        request = Request(
            id="msg/1", via=Via.MENTION, team="T", channel="C", user="UANADEV01", text="deploy", at=datetime.now(UTC)
        )
        await store.requests.accept(request)
        plan = Plan(service=service, environment=homolog, trigger=Trigger.DEPLOY, ref="main", stages=service.stages)
        run = await store.runs.open(request, plan)
        stage, action = service.stages[0].name, service.stages[0].actions[0].name
        where: dict[str, Json] = {"stage": stage, "action": action, "attempt": 1}
        failed: dict[str, Json] = {**where, "reason": "no such branch", "excerpt": ["fatal: not there"], "final": True}
        sink = store.logs.sink(run.id, stage, action, 1)
        sink.line("fatal: it is not there")
        sink.close()
        await store.journal.append(
            Fact(kind=Kind.ACTION_STARTED, actor="estiva", run=run.id, data={**where}),
            Fact(kind=Kind.ACTION_FAILED, actor="estiva", run=run.id, data={**failed}),
            Fact(kind=Kind.COMMAND_REFUSED, actor="UEVA", data={"text": "=cmd()", "reason": "no", "request": "x"}),
        )
        await store.runs.finish(run.id, Status.FAILED, f"{stage}/{action}: no such branch")
        await store.close()

    data.mkdir(parents=True)
    asyncio.run(write_it())


def test_parse_prints_what_a_message_means_and_starts_nothing(estiva: Estiva, tmp_path: Path) -> None:
    result = json.loads(estiva("parse", "deploy hello@v1.0.0 to hml", "--json").stdout)
    assert result["outcome"] == "command"
    assert result["command"] == "deploy"
    assert result["arguments"] == {"service": "hello", "ref": "v1.0.0", "environment": "homolog"}
    assert not (tmp_path / "data" / "estiva.db").exists()


def test_parse_tells_people_one_thing_a_line(estiva: Estiva) -> None:
    message = "deploy! hello@v1.0.0 and greeter to hml because the site is down"
    assert estiva("parse", message).stdout.splitlines() == [
        "command: deploy",
        "  service: hello, greeter",
        "  ref: v1.0.0, -",
        "  environment: homolog",
        "  reason: the site is down",
        "  force: yes",
    ]
    assert estiva("parse", "logs hello in homolog since 10m").stdout.splitlines()[-1] == "  since: 10m"
    assert estiva("parse", "deploy hello", code=2).stdout.startswith("ask: deploy\nI expected an environment")


@pytest.mark.parametrize(
    ("message", "user", "outcome"),
    [
        ("deploy hello", "UANADEV01", "ask"),
        ("deploy hello to homolog", "UEVAOUT01", "refused"),
        ("approve hello", "URUIREL01", "command"),
        ("good morning everyone", "UANADEV01", "ignored"),
    ],
)
def test_parse_tells_four_outcomes_apart(estiva: Estiva, message: str, user: str, outcome: str) -> None:
    result = estiva("parse", message, "--as", user, "--json", code=0 if outcome == "command" else 2)
    assert json.loads(result.stdout)["outcome"] == outcome


def test_catalog_check_says_that_all_is_well(estiva: Estiva) -> None:
    assert json.loads(estiva("catalog", "check", "--json").stdout)["services"] == ["hello", "greeter"]


def test_catalog_check_says_all_that_is_wrong_at_once(estiva: Estiva, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    text = CATALOG.read_text().replace("promotes_from: homolog", "promotes_from: homlog", 1)
    wrong.write_text(text.replace("uses: dockerfile", "uses: dockerfiel", 1))
    said = estiva("catalog", "check", str(wrong), code=2).output
    assert "homlog" in said
    assert "dockerfiel" in said
    assert said.count("wrong.yml:") == 2


@pytest.mark.parametrize(
    "command", [("catalog", "check", "missing.yml"), ("parse", "status", "--catalog", "missing.yml")]
)
def test_a_catalog_that_is_not_there_is_said_in_one_line(estiva: Estiva, command: tuple[str, ...]) -> None:
    said = estiva(*command, code=2).output
    assert said.startswith("Cannot read missing.yml: No such file or directory.")
    assert "Traceback" not in said


def test_say_prints_the_tables_of_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[{"type": "raw_text", "text": text} for text in row] for row in (("Service", "Run"), ("a &amp; b", "a-1"))]
    tell({"text": "What runs where:", "blocks": [{"type": "table", "rows": rows}]})
    assert capsys.readouterr().out.splitlines() == ["What runs where:", "  Service  Run", "  a & b    a-1"]


def test_say_writes_moments_by_the_clock_of_the_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    time.tzset()
    date = {"type": "date", "timestamp": 1772442000, "format": "{time}", "fallback": "02/03/2026 09:00 UTC"}
    cell = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [date]}]}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "Until <!date^1772442000^{time}|nine>: a &lt; b"}}
    try:
        tell({"text": "-", "blocks": [section, {"type": "table", "rows": [[cell]]}]})
    finally:
        monkeypatch.undo()
        time.tzset()
    assert capsys.readouterr().out.splitlines() == ["Until 2026-03-02 06:00: a < b", "  2026-03-02 06:00"]


def test_the_data_folder_may_name_its_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTIVA_DATA", str(tmp_path))
    monkeypatch.delenv("ESTIVA_NAMESPACE", raising=False)
    assert Settings().namespace == "estiva"
    (tmp_path / "namespace").write_text("estiva-demo-0a1b2c\n")
    assert Settings().namespace == "estiva-demo-0a1b2c"
    monkeypatch.setenv("ESTIVA_NAMESPACE", "ours")
    assert Settings().namespace == "ours"
    monkeypatch.delenv("ESTIVA_NAMESPACE")
    (tmp_path / "namespace").write_text("Not a name")
    with pytest.raises(ValidationError):
        Settings()


def test_the_catalog_of_the_data_folder_counts_where_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ESTIVA_CATALOG", raising=False)
    monkeypatch.setenv("ESTIVA_DATA", "data")
    (tmp_path / "data").mkdir()
    assert Settings().catalog == Path("catalog.yml")
    (tmp_path / "data" / "catalog.yml").touch()
    assert Settings().catalog == Path("data/catalog.yml")
    (tmp_path / "catalog.yml").touch()
    assert Settings().catalog == Path("catalog.yml")
    monkeypatch.setenv("ESTIVA_CATALOG", "other.yml")
    assert Settings().catalog == Path("other.yml")


def test_logs_shows_the_last_failure(estiva: Estiva, tmp_path: Path) -> None:
    remember(tmp_path / "data")
    assert "fatal: it is not there" in estiva("logs").stdout
    assert "no such branch" in estiva("logs", "hello-1").stdout
    shown = json.loads(estiva("logs", "hello", "--json").stdout)
    assert list(shown["actions"].values()) == [["fatal: it is not there"]]
    estiva("logs", "greeter", code=2)


def test_audit_export_gives_every_fact_and_no_formula(estiva: Estiva, tmp_path: Path) -> None:
    remember(tmp_path / "data")
    facts = json.loads(estiva("audit", "export", "--format", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(estiva("audit", "export", "--format", "csv").stdout)))
    assert len(rows) == len(facts) >= 4
    assert not any(str(cell).startswith(("=", "+", "@")) for row in rows for cell in row.values())


def test_audit_verify_finds_what_was_changed(estiva: Estiva, tmp_path: Path) -> None:
    remember(tmp_path / "data")
    assert "every hash holds" in estiva("audit", "verify").stdout
    with sqlite3.connect(tmp_path / "data" / "estiva.db") as database:
        find = "SELECT name, tbl_name FROM sqlite_master WHERE type='trigger' AND sql LIKE '%UPDATE%'"
        name, table = database.execute(find).fetchone()
        database.execute(f"DROP TRIGGER {name}")
        database.execute(f"UPDATE {table} SET actor='UNOBODY' WHERE kind='action_failed'")
    database.close()
    said = json.loads(estiva("audit", "verify", "--json", code=1).stdout)
    assert said["ok"] is False
    assert said["first_bad"]


def test_serve_says_what_is_not_set(estiva: Estiva) -> None:
    assert "ESTIVA_SLACK_BOT_TOKEN, ESTIVA_SLACK_APP_TOKEN" in estiva("serve", code=2).output


def test_say_without_a_workspace_says_how_to_start_one(estiva: Estiva) -> None:
    assert "make demo" in estiva("say", "status", code=2).output


def test_a_wrong_setting_is_named(estiva: Estiva, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTIVA_SLACK_MODE", "pigeon")
    assert "ESTIVA_SLACK_MODE" in estiva("serve", code=2).output


def test_real_credentials_and_the_local_workspace_are_never_mixed(
    estiva: Estiva, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTIVA_SLACK_BOT_TOKEN", "xoxb-real")
    assert "never runs together" in estiva("serve", "--workspace", code=2).output
    assert "unset ESTIVA_SLACK_" in estiva("demo", code=2).output


def test_doctor_names_what_is_missing_and_how_to_mend_it(estiva: Estiva) -> None:
    findings = {finding["what"]: finding for finding in json.loads(estiva("doctor", "--json", code=1).stdout)}
    assert findings["catalog"]["ok"]
    assert findings["database"]["ok"]
    assert "docs/connect-slack.md" in findings["slack"]["mend"]


def test_manifest_for_http_needs_an_address(estiva: Estiva) -> None:
    assert "--url" in estiva("manifest", "--mode", "http", code=2).output
    shown = json.loads(estiva("manifest", "--mode", "http", "--url", "https://estiva.example.com").stdout)
    assert shown["settings"]["event_subscriptions"]["request_url"] == "https://estiva.example.com/slack/events"


@pytest.mark.parametrize("page", list(Page))
def test_the_generated_pages_are_what_the_code_says(page: Page) -> None:
    assert (ROOT / "docs" / f"{page.value}.md").read_text() == write(page), "run `make docs`"


def test_in_a_narrow_terminal_each_run_is_one_line(tmp_path: Path) -> None:
    remember(tmp_path / "data")
    head, run = printed(tmp_path / "data", "runs", FORCE_COLOR="1", COLUMNS="64")
    assert head.split() == ["run", "to", "state", "asked", "by", "since", "(UTC)"]
    assert re.fullmatch(r"hello-1  ✗  homolog  Couldn't fetch h\w*…  Ana       \d\d-\d\d \d\d:\d\d", run)
    assert len(run) <= 64
    assert "Couldn't fetch hello (failed after 0 s)" in printed(tmp_path / "data", "runs", COLUMNS="64")[1], (
        "programs get all of it"
    )


def test_times_are_those_of_the_machine(tmp_path: Path) -> None:
    remember(tmp_path / "data")
    moment, there = datetime.now(UTC), {"TZ": "Asia/Kathmandu", "COLUMNS": "90"}
    near = [f"{(moment + timedelta(hours=5, minutes=45, seconds=-s)):%H:%M:%S}" for s in range(600)]
    drawn = "\n".join(printed(tmp_path / "data", "run", "show", "hello-1", **there))
    began = re.search(r"─ ✗ (\d\d:\d\d:\d\d)  checkout", drawn)
    assert began is not None, drawn
    assert began[1] in near
    assert re.search(r" · \d{4}-\d\d-\d\d \d\d:\d\d \+0545 · main", drawn), drawn
    assert "since (+0545)" in printed(tmp_path / "data", "runs", **there)[0]
    assert re.search(
        r" · \d\d/\d\d/\d{4} \d\d:\d\d \+0545 · main",
        "\n".join(printed(tmp_path / "data", "run", "show", "hello-1", **there, ESTIVA_LANGUAGE="pt_BR")),
    )


def printed(data: Path, *words: str, **terminal: str) -> list[str]:
    """Run `estiva` as a process of its own; gives the lines that it prints, without their colours."""
    known = {"ESTIVA_DATA": str(data), "ESTIVA_CATALOG": str(CATALOG), "PYTHONPATH": str(ROOT), "TZ": "UTC"}
    command = [sys.executable, "-m", "bot", *words]
    done = subprocess.run(command, env={**known, **terminal}, capture_output=True, text=True, check=True)
    return [line.rstrip() for line in re.sub("\x1b\\[[0-9;]*m", "", done.stdout).splitlines()]


def test_runs_lists_them_and_run_show_draws_one(estiva: Estiva, tmp_path: Path) -> None:
    remember(tmp_path / "data")
    assert "hello-1" in estiva("runs").stdout
    assert estiva("runs", "--active").stdout == "No runs.\n"
    assert estiva("runs", "--service", "greeter").stdout == "No runs.\n"
    nowhere = estiva("runs", "--environment", "stagin", code=2).output
    assert nowhere == "There is no environment stagin; did you mean homolog?\n", "near to an alias of it, as in chat"
    assert estiva("runs", "--environment", "stagin", "--json", code=2).output == nowhere
    assert "There is no service helo; did you mean hello?" in estiva("runs", "--service", "helo", code=2).output
    assert estiva("runs", "--environment", "producao").stdout == "No runs.\n", "an alias, as in chat"
    assert "hello-1" in estiva("runs", "--environment", "hml").stdout
    drawn = estiva("run", "show", "hello-1").stdout
    assert "Couldn't fetch hello" in drawn
    assert drawn.count("no such branch") == drawn.count("fatal: not there") == 1, "once, in the head"
    assert re.search(r"─ - +push", drawn)
    known = json.loads(estiva("run", "show", "1", "--json").stdout)
    assert (known["run"], known["status"]) == ("hello-1", "failed")
    failed = known["stages"][0]["steps"][0][0]
    assert (failed["status"], failed["notes"], failed["cause"]) == ("failed", ["no such branch"], "fatal: not there")
    assert json.loads(estiva("runs", "--environment", "homolog", "--json").stdout)[0]["run"] == "hello-1"
    assert "There is no run hello-9" in estiva("run", "show", "hello-9", code=2).output
