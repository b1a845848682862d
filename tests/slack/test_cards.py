"""Whatever a run or a reply holds, Slack takes the message, and nothing foreign becomes markup."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.slack.blocks import button, confirm, notice, rich
from bot.slack.cards.deploy_modal import Picked, deploy_modal
from bot.slack.cards.home import Home, home_view
from bot.slack.cards.modals import reject_modal
from bot.slack.cards.reply import reply as reply_card
from bot.slack.cards.rerun_modal import rerun_modal, rerun_stages
from bot.slack.cards.shown import Difference, Surroundings
from bot.slack.cards.titles import action_title
from bot.slack.desired import desired
from bot.slack.marks import code_block, cut_mark, escape, mention
from bot.slack.plainly import barely, plainly
from bot.workspace.blocks.surfaces import check_view, demand_message
from commands.texts import DEFAULT, PORTUGUESE, phrase
from storage.model.approval import Approval, Decision
from storage.model.catalog import Action, Catalog, Environment, Registry, Stage
from storage.model.fold import fold
from storage.model.moment import token
from storage.model.release import Release
from storage.model.reply import Offer, Reply, Style, Table, Verdict
from storage.model.run import Run, Status, Trigger
from storage.model.view import ActionView, GateView, Restoring, RunView, StageView
from storage.model.worded import worded
from tests.slack.town import ANA, DEPLOYS, HELLO, RUI, plan

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SAY = partial(phrase, DEFAULT)
NASTY = [
    "<!channel>",
    "<@U123>",
    "<https://evil.example|click>",
    "&lt;!here&gt;",
    "```",
    "`*_~",
    "\u202egnp.exe",
    "{run}",
    "<t:1772442000>",
    "<t:99999999999> and <t:17724",
    "\x00",
]
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=60), st.text(min_size=1, max_size=3).map(lambda t: t * 3000))
OURS = re.compile(r"<@[UW][A-Z0-9]+>|<!date\^\d+\^\{date_num\} \{time\}\|[\d: UTC-]+>")


def run_of(stages: tuple[Stage, ...], **changes: object) -> Run:
    made = Run(
        id="hello-12", plan=plan(stages), request="r", requester=ANA, channel=DEPLOYS, thread=None, opened_at=NOW,
        status=Status.RUNNING, leg=1, cancel_requested=False,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@st.composite
def actions(draw: st.DrawFn) -> ActionView:
    return ActionView(
        action=Action(name=draw(texts), uses=draw(st.sampled_from(["git", "docker", "odd"]))),
        status=draw(st.sampled_from(list(Status))),
        attempt=draw(st.integers(0, 5)),
        started_at=draw(st.sampled_from([None, NOW])),
        ended_at=draw(st.sampled_from([None, NOW + timedelta(hours=3)])),
        progress=draw(texts),
        summary=draw(texts),
        reason=draw(texts),
        hint=draw(texts),
        exit_code=draw(st.sampled_from([None, 0, 137])),
        excerpt=tuple(draw(st.lists(texts, max_size=60))),
    )


@st.composite
def gates(draw: st.DrawFn) -> GateView:
    return GateView(
        approval="hello-12/approve",
        needed=draw(st.integers(1, 3)),
        expires_at=NOW,
        given_by=tuple(draw(st.lists(st.sampled_from([ANA, "<!here>"]), max_size=30))),
        decision=draw(st.sampled_from(list(Decision))),
        decided_by=draw(st.sampled_from([None, ANA, "estiva"])),
        decided_at=draw(st.sampled_from([None, NOW])),
        reason=draw(texts),
    )


@st.composite
def views(draw: st.DrawFn) -> RunView:
    drawn = draw(st.lists(st.tuples(texts, st.lists(actions(), max_size=6), st.none() | gates()), max_size=8))
    copies = draw(st.sampled_from([1, 1, 3, 12]))
    stages = tuple(
        StageView(
            stage=Stage(name=f"{name}{number}", actions=tuple(a.action for a in named), approval=gate is not None),
            actions=named,
            gate=gate,
        )
        for number, (name, made, gate) in enumerate(drawn * copies)
        for named in [_unlike(made)]
    )
    return RunView(
        run=run_of(tuple(stage.stage for stage in stages)),
        stages=stages,
        artifacts=draw(st.dictionaries(st.sampled_from(["commit", "author", "subject", "digest", "address"]), texts)),
        status=draw(st.sampled_from(list(Status))),
        reason=draw(texts),
        ended_at=draw(st.sampled_from([None, NOW])),
        queue_position=draw(st.sampled_from([None, 2])),
        queue_environment=draw(st.sampled_from([None, "homolog"])),
        cancelled_by=draw(st.sampled_from([None, ANA])),
        head=draw(texts),
    )


def _unlike(made: list[ActionView]) -> tuple[ActionView, ...]:
    """The catalog lets no two actions of a stage have the same name."""
    return tuple(replace(a, action=replace(a.action, name=f"{a.action.name}{n}")) for n, a in enumerate(made))


surroundings = st.builds(
    Surroundings,
    say=st.just(SAY),
    names=st.dictionaries(st.just(ANA), texts),
    approvers=st.lists(st.sampled_from([ANA, "<!channel>"]), max_size=40).map(tuple),
    changes=st.builds(
        Difference, brings=st.lists(texts, max_size=40).map(tuple), undoes=st.lists(texts, max_size=40).map(tuple)
    ),
    running=st.none() | st.builds(
        Release, service=st.just("hello"), environment=st.just("production"), run=st.just("hello-1"), commit=texts,
        subject=texts, author=texts, image=texts, digest=texts, address=texts, by=st.just(ANA), at=st.just(NOW),
    ),
)  # fmt: skip


def no_foreign_markup(blocks: object, text: str = "") -> None:
    """Whatever stands in angle brackets in mrkdwn was put there by us."""
    for mark in [text, *_mrkdwn(blocks)]:
        assert "<" not in OURS.sub("", mark), mark
        assert not re.search(r"&(?!amp;|lt;|gt;)", mark), mark


def _mrkdwn(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if value.get("type") == "mrkdwn" else []
        return own + [mark for inner in value.values() for mark in _mrkdwn(inner)]
    return [mark for inner in value for mark in _mrkdwn(inner)] if isinstance(value, list | tuple) else []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(views(), surroundings)
def test_every_message_of_every_run_is_one_that_slack_takes(view: RunView, around: Surroundings) -> None:
    messages = desired(view, around)
    assert len({message.key for message in messages}) == len(messages)
    for message in messages:
        blocks = list(message.blocks)
        demand_message(blocks)
        demand_message(plainly(blocks, SAY))
        demand_message(barely(message.text))
        assert 0 < len(message.text) < 3000
        no_foreign_markup(blocks, message.text)
        json.dumps(blocks).encode()
    if rerun_stages(view):
        assert check_view(rerun_modal(view, SAY, channel="C1", thread=None, message="1.2"), "modal") == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.builds(
        Reply,
        verdict=st.sampled_from(list(Verdict)),
        text=texts,
        table=st.none()
        | st.builds(
            Table,
            header=st.lists(texts, min_size=1, max_size=30).map(tuple),
            rows=st.lists(st.lists(texts, max_size=30).map(tuple), max_size=30).map(lambda rows: tuple(rows * 5)),
        ),
        excerpt=st.lists(texts, max_size=30).map(tuple),
        offers=st.lists(
            st.builds(Offer, label=texts, command=texts, style=st.sampled_from(list(Style)), confirm=st.none() | texts),
            max_size=40,
        ).map(tuple),
    )
)
def test_every_reply_is_one_that_slack_takes(reply: Reply) -> None:
    blocks, text = reply_card(reply, SAY)
    demand_message(blocks)
    demand_message(plainly(blocks, SAY))
    no_foreign_markup(blocks, notice(text))


def test_pairs_of_back_ticks_are_code_in_the_details_of_a_task() -> None:
    (section,) = rich("BUILD: `make all` ended with `1")["elements"]
    code = {"type": "text", "text": "make all", "style": {"code": True}}
    assert section["elements"] == [
        {"type": "text", "text": "BUILD: "},
        code,
        {"type": "text", "text": " ended with `1"},
    ]


def test_moments_in_an_answer_are_shown_by_the_clock_of_whoever_reads() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    table = Table(
        header=("Run", "Since"), rows=(("hello-1", f"{token(at)} by Ana"), ("x" * 297, "y" * 290 + token(at)))
    )
    say = partial(phrase, PORTUGUESE)
    blocks, text = reply_card(Reply(verdict=Verdict.DONE, text=f"Until {token(at)}: a < b", table=table), say)
    assert text == "Until <!date^1772442000^{date_num} {time}|02/03/2026 09:00 UTC>: a &lt; b"
    date = {"type": "date", "timestamp": 1772442000, "format": "{date_num} {time}"}
    elements = [date | {"fallback": "02/03/2026 09:00 UTC"}, {"type": "text", "text": " by Ana"}]
    rows = blocks[1]["rows"]
    assert rows[1] == [
        {"type": "raw_text", "text": "hello-1"},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]},
    ]
    assert rows[2][1] == {"type": "raw_text", "text": "y" * 290 + "…"}
    assert "hello-1 | 02/03/2026 09:00 UTC by Ana" in json.dumps(plainly(blocks, say))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts, st.integers(0, 130), st.integers(0, 30))
def test_every_view_is_one_that_slack_takes(name: str, services: int, runs: int) -> None:
    catalog = Catalog(
        services={f"{name}{n}": replace(HELLO, name=f"{name}{n}") for n in range(services)} or {"hello": HELLO},
        environments={"production": Environment(name="production")}, people={}, grants=(),
        registry=Registry(host="registry.example"),
    )  # fmt: skip
    approval = Approval(
        id=f"hello-1/{name}", run="hello-1", stage=name, environment=name, subject="s", requester=ANA, needed=1,
        given_by=(), decision=Decision.PENDING, decided_by=None, reason=None, asked_at=NOW, expires_at=NOW,
        decided_at=None,
    )  # fmt: skip
    places = [(service, name) for service in catalog.services]
    shown = Home(
        known=True,
        approvals=[approval] * runs,
        runs=[fold(run_of(plan().stages), [])] * runs,
        places=places,
        deploys=True,
    )
    drawn = home_view(shown, SAY)
    assert check_view(drawn, "home") == []
    no_foreign_markup(drawn)
    assert check_view(deploy_modal(catalog, SAY, channel="C1"), "modal") == []
    picked = Picked(service=min(catalog.services), refs=[f"feature/{number}" * 20 for number in range(150)])
    assert check_view(deploy_modal(catalog, SAY, channel="C1", picked=picked), "modal") == []
    assert check_view(reject_modal(f"hello-1/{name}", SAY, channel="C1", thread=None), "modal") == []


def test_strangers_see_nothing_in_the_app_home() -> None:
    drawn = home_view(Home(known=False), SAY)
    assert check_view(drawn, "home") == []
    assert "hello" not in str(drawn)


@given(texts, st.integers(2, 400))
def test_cutting_never_tears_an_entity(text: str, limit: int) -> None:
    made = cut_mark(escape(text), limit)
    assert len(made) <= limit
    assert not re.search(r"&(?!amp;|lt;|gt;)", made)


@given(st.lists(texts, max_size=50))
def test_a_code_block_cannot_be_left_and_keeps_its_size(lines: list[str]) -> None:
    made = code_block(lines)
    assert len(made) <= 2500
    assert made.count("```") == 2


def test_only_ids_are_mentions() -> None:
    assert mention(ANA) == f"<@{ANA}>"
    assert mention("<!channel>") == "&lt;!channel&gt;"
    assert mention("estiva") == "estiva"


@pytest.mark.parametrize("name", ["smoke", "smoke-tests", "test-smoke", "smoke_test"])
def test_tests_are_not_tested_twice_in_a_title(name: str) -> None:
    view = ActionView(action=Action(name=name, uses="command"), status=Status.FAILED)
    assert action_title(view, partial(phrase, DEFAULT), "hello") == "Couldn't pass smoke tests"
    assert action_title(view, partial(phrase, PORTUGUESE), "hello") == "Falha nos testes de smoke"
    running = replace(view, status=Status.RUNNING)
    assert action_title(running, partial(phrase, PORTUGUESE), "hello") == "Testes de smoke em andamento"


def test_a_failed_run_names_the_line_of_its_log_that_says_best_why() -> None:
    view = _failed()
    probe = replace(view.stages[0].actions[0], excerpt=("starting", "ModuleNotFoundError: No module named `<flask>`"))
    view = replace(view, stages=(replace(view.stages[0], actions=(probe,)),))
    card = desired(view, Surroundings(say=SAY))[0]
    assert {"type": "mrkdwn", "text": "`ModuleNotFoundError: No module named '&lt;flask&gt;'`"} in card.blocks[2][
        "elements"
    ]
    under_way = replace(view, status=Status.RUNNING, reason="", ended_at=None)
    card = desired(under_way, Surroundings(say=SAY))[0]
    assert "ModuleNotFoundError: No module named '<flask>'" in json.dumps(card.blocks[1])
    assert "ModuleNotFoundError" not in json.dumps(card.blocks[2])


def test_who_rejected_what_an_action_asked_is_called_by_name() -> None:
    no = worded("rejected by {name}: {reason}", name=RUI, reason="not on a Friday")
    view = _failed(reason=worded("{action}: {reason}", action="smoke/probe", reason=no))
    probe = replace(view.stages[0].actions[0], reason=no)
    view = replace(view, stages=(replace(view.stages[0], actions=(probe,)),))
    said = [
        json.dumps(message.blocks)
        for message in desired(view, Surroundings(say=SAY, names={RUI: "Rui"}, mentions=False))
    ]
    assert len([each for each in said if "rejected by Rui: not on a Friday" in each]) == 2
    assert RUI not in "".join(said)


def _end_of(view: RunView, language: str = DEFAULT) -> str:
    around = Surroundings(say=partial(phrase, language))
    ends = [message for message in desired(view, around) if message.key.endswith("/ended")]
    return json.dumps([block for message in ends for block in message.blocks], ensure_ascii=False)


def _failed(*more: StageView, **rest: object) -> RunView:
    probe = ActionView(action=Action(name="probe", uses="command"), status=Status.FAILED, reason="404", ended_at=NOW)
    stage = Stage(name="smoke", environment="homolog", actions=(probe.action,))
    made = RunView(
        run=run_of((stage,), status=Status.FAILED),
        stages=(StageView(stage=stage, actions=(probe,)), *more),
        status=Status.FAILED,
        reason="smoke/probe: 404",
        ended_at=NOW,
    )
    return replace(made, **rest)  # type: ignore[arg-type]


def test_the_end_says_what_runs_again_or_that_it_does_not() -> None:
    deploy = Action(name="deploy", uses="docker")
    stage = Stage(name="rollback-homolog", environment="homolog", actions=(deploy,))
    release = Release(
        service="hello", environment="homolog", run="hello-11", commit="c" * 40, subject="", author="", image="",
        digest="sha256:d", address="", by=ANA, at=NOW,
    )  # fmt: skip
    back = StageView(
        stage=stage,
        actions=(ActionView(action=deploy, status=Status.SUCCEEDED),),
        restoring=Restoring(release=release, stage=stage, action=deploy),
    )
    assert "homolog runs again what ran there before: `ccccccc` of `hello-11`" in _end_of(_failed(back))
    assert "homolog voltou a rodar o que rodava antes: `ccccccc`, de `hello-11`" in _end_of(_failed(back), "pt_BR")
    stuck = replace(back, actions=(ActionView(action=deploy, status=Status.FAILED),))
    assert "homolog could not be put back to `ccccccc` of `hello-11`" in _end_of(_failed(stuck))
    assert _end_of(_failed()) == "[]", "the failed action has said it already"


def test_a_run_that_made_way_says_for_which() -> None:
    view = replace(
        _failed(), stages=(), status=Status.CANCELLED, reason="superseded by hello-13", superseded_by="hello-13"
    )
    assert "Made way for hello-13, which is newer" in _end_of(view)


def _question(around: Surroundings, trigger: Trigger = Trigger.DEPLOY, question: str = "") -> str:
    """What is asked about a release to production."""
    stage = Stage(name="approve-production", environment="production", approval=True)
    run = run_of((stage,))
    gate = GateView(approval="hello-12/approve-production", needed=1, expires_at=NOW)
    view = RunView(
        run=replace(run, plan=replace(run.plan, trigger=trigger)),
        stages=(StageView(stage=stage, gate=gate, question=question),),
        status=Status.WAITING,
    )
    asked = [message for message in desired(view, around) if message.key.endswith("/approval/approve-production")]
    return json.dumps([block for message in asked for block in message.blocks], ensure_ascii=False)


@pytest.mark.parametrize(("language", "said"), [(DEFAULT, "This goes back:"), (PORTUGUESE, "volta a uma versão")])
def test_a_question_says_that_a_release_goes_back(language: str, said: str) -> None:
    around = Surroundings(say=partial(phrase, language), changes=Difference(undoes=("1a2b3c4 Greet (Bia)",)))
    for shown in (_question(around), _question(around, Trigger.PROMOTE), _question(around, Trigger.REDEPLOY)):
        assert shown.count(said) == 2  # at its head, and in the dialog of Approve
        assert "1a2b3c4 Greet (Bia)" in shown
    whole = around.say(":warning: *This goes back:* it is older than what runs there now")
    assert _question(around, question="Shift all of the traffic? " * 20).count(whole) == 2
    assert said not in _question(around, Trigger.ROLLBACK)  # which says so itself
    assert "1a2b3c4 Greet (Bia)" in _question(around, Trigger.ROLLBACK)
    both = replace(around, changes=Difference(brings=("9f8e7d6 Wave (Bia)",), undoes=("1a2b3c4 Greet (Bia)",)))
    assert said not in _question(both)
    assert "9f8e7d6 Wave (Bia)" in _question(both)
    assert "1a2b3c4 Greet (Bia)" in _question(both)


@pytest.mark.parametrize(("style", "asked"), [(Style.DANGER, "danger"), (Style.PRIMARY, None), (Style.PLAIN, None)])
def test_the_dialog_of_a_button_that_destroys_is_red_too(style: Style, asked: str | None) -> None:
    made = button("Cancel", "cancel", "cancel hello-1", style=style, asks=confirm("Cancel run", "Stop?", "Yes", "No"))
    assert made["confirm"].get("style") == asked


def test_what_a_run_is_asked_before_it_is_cancelled_says_what_each_answer_does() -> None:
    view = RunView(run=run_of(()), stages=(), artifacts={}, status=Status.RUNNING)
    for language, said in {
        DEFAULT: ("Cancel the Run", "Keep It Running"),
        PORTUGUESE: ("Cancelar a execução", "Deixar continuar"),
    }.items():
        card = str(desired(view, Surroundings(say=partial(phrase, language)))[0].blocks)
        assert all(f"'text': '{label}'" in card for label in said), card
        assert "'style': 'danger'" in card.partition("'confirm'")[2]


@pytest.mark.parametrize(
    ("language", "of", "by"), [(DEFAULT, " of `{}` by Bia", " by Bia"), (PORTUGUESE, " de `{}`, por Bia", " de Bia")]
)
def test_a_card_names_the_branch_that_was_asked_for(language: str, of: str, by: str) -> None:
    def shown(ref: str) -> str:
        run = run_of(())
        known = {"commit": "1a2b3c4" + "0" * 33, "author": "Bia", "subject": "Greet"}
        view = RunView(
            run=replace(run, plan=replace(run.plan, ref=ref)), stages=(), artifacts=known, status=Status.RUNNING
        )
        return json.dumps(desired(view, Surroundings(say=partial(phrase, language)))[0].blocks, ensure_ascii=False)

    assert "`1a2b3c4`" + of.format("feature/login") in shown("feature/login")
    assert "`1a2b3c4`" + of.format("a&lt;b'") in shown("a<b`")
    for commit in ("1a2b3c4", "1a2b3c4" + "0" * 33):
        assert "`1a2b3c4`" + by in shown(commit)
