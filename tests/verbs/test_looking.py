"""What is asked without changing anything, in both languages: nothing of it starts a run."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from storage.model.catalog import Action, Json, Stage
from storage.model.event import Fact, Kind
from storage.model.run import Run, Status
from tests.stories.person import Person
from tests.stories.reading import buttons, words
from tests.stories.sources import page
from tests.verbs.office import ANA, BIA, Office


async def test_status_says_what_runs_where_and_what_is_going_on(place: Office, ana: Person, rui: Person) -> None:
    release = await place.released()
    assert "Going on" not in (await ana.asks("status")).text, "nothing is"
    await place.opened()
    told = (await ana.asks("status hello")).text
    assert "Going on" in told
    assert release.commit[:7] in told
    assert "hello-2: running" in told
    assert "never released" in told
    dito = (await rui.asks("situação do hello em homolog")).text
    assert "O que está no ar em cada ambiente:" in dito
    assert "hello-2: em andamento" in dito
    assert "greeter" in (await ana.asks("status homolog")).text


async def test_status_shows_a_run_also_where_its_pipeline_is_on_the_way(place: Office, ana: Person) -> None:
    plan = place.plan("production")
    homolog = Stage(name="try", environment="homolog", actions=(Action(name="release", uses="docker"),))
    run = await place.opened(replace(plan, stages=(homolog, *plan.stages)))
    await place.store.journal.append(_fact(run, Kind.STAGE_STARTED, stage="try"))
    await place.store.journal.append(_fact(run, Kind.ACTION_STARTED, stage="try", action="release", attempt=1))
    assert f"{run.id}: running" in (await ana.asks("status hello in homolog")).text
    await place.store.journal.append(_fact(run, Kind.ACTION_SUCCEEDED, stage="try", action="release", attempt=1))
    assert run.id not in (await ana.asks("status hello in homolog")).text
    assert f"{run.id}: running" in (await ana.asks("status hello in production")).text


def _fact(run: Run, kind: Kind, **data: Json) -> Fact:
    return Fact(kind=kind, actor="estiva", run=run.id, data=data)


async def test_queue_says_who_has_the_turn_and_who_waits(place: Office, ana: Person, rui: Person) -> None:
    assert "the queues are empty" in (await ana.asks("queue")).text
    first, second = await place.opened(), await place.opened(user=BIA)
    for run in (first, second):
        await place.store.locks.enter(run.id, "hello", "homolog")
    told = (await ana.asks("queue homolog")).text.split("\n")
    assert told.index("has the turn") == told.index("hello-1") - 1
    assert told.index("1") == told.index("hello-2") - 1
    assert "Bia" in told
    assert "De quem é a vez, e quem espera:" in (await rui.asks("fila do hello")).text
    assert "number 1 in the queue for homolog" in (await ana.asks("status hello")).text
    assert "the queues are empty" in (await ana.asks("queue greeter")).text


async def test_history_is_filtered_by_place_person_and_time(place: Office, ana: Person, rui: Person) -> None:
    await place.released()
    await place.opened(user=BIA)
    assert "hello-1" in (await ana.asks("history hello")).text
    by_bia = (await ana.asks("history by @dev2")).text
    assert "hello-2" in by_bia
    assert "hello-1" not in by_bia
    assert "hello-2" in (await rui.asks("histórico do hello em homolog por Bia desde 1h")).text
    assert "No such runs." in (await ana.asks("history hello since 2099-01-01")).text
    impossible = (await ana.asks("history hello since 2099-99-99")).text
    assert "I expected a time such as" in impossible
    assert "`2099-99-99` is none" in impossible
    assert "No such runs." in (await ana.asks("history production")).text


async def test_diff_compares_what_two_environments_run(place: Office, ana: Person, rui: Person) -> None:
    await place.released("production")
    place.change_catalog("production: {ENVIRONMENT: production}", "production: {ENVIRONMENT: production, LOG: info}")
    newer = place.source.commit("Say more", {"service.py": page("more")})
    await place.released("homolog", newer)
    answer = await ana.asks("diff hello homolog production")
    assert f"homolog has commit `{newer[:7]}`, production has `{place.source.first[:7]}`" in answer.text
    assert "1 commit is only in homolog:" in answer.text
    assert f"`{newer[:7]}` Say more (Bia Ramos)" in answer.text
    assert "ENVIRONMENT\nanother value" in answer.text
    assert "Plan for production" in buttons(answer.message)
    assert "Configuração que difere (só os nomes):" in (await rui.asks("comparar hello em homolog")).text
    between_runs = (await ana.asks("diff hello-1 hello-2")).text
    assert "1 commit is only in hello-2:" in between_runs
    assert "Nothing of `greeter` runs in homolog yet." in (await ana.asks("diff greeter homolog production")).text
    assert "There is no run `hello-9`." in (await ana.asks("diff hello-1 hello-9")).text


async def test_plan_shows_what_a_deploy_would_do_and_starts_nothing(place: Office, ana: Person, rui: Person) -> None:
    release = await place.released()
    place.change_catalog("homolog: {ENVIRONMENT: homolog}", "homolog: {ENVIRONMENT: hml, LOG_LEVEL: debug}")
    newer = place.source.commit("Say more", {"service.py": page("more")}, branch="more")
    holder = await place.opened()
    await place.store.locks.enter(holder.id, "hello", "homolog")
    answer = await ana.asks("plan hello@more to homolog")
    assert f"Commit `{newer[:7]}` by Bia Ramos: Say more" in answer.text
    assert "The image would be built from it." in answer.text
    assert f"Now running there: `{release.commit[:7]}`" in answer.text
    assert "1 commit would come:" in answer.text
    assert "Configuration: new: `LOG_LEVEL`; another value: `ENVIRONMENT`." in answer.text
    assert "debug" not in answer.text
    assert f"It would wait behind `{holder.id}`." in answer.text
    assert "fetch (git)" in answer.text or "(git)" in answer.text
    assert buttons(answer.message)["Deploy"][1]["value"] == "deploy hello@more to homolog"
    dito = await rui.asks("planejar hello para produção")
    assert f"Imagem `{release.digest[:19]}`, a mesma que está no ar em homolog." in dito.text
    assert "`implantar hello em production` faria isto; nada foi iniciado:" in dito.text
    assert "espera 1 aprovação: mais ninguém pode" in dito.text
    assert "waits for 1 to approve: Rui" in (await ana.asks("plan hello to production")).text
    assert "no branch, tag or commit mroe" in (await ana.asks("plan hello@mroe to homolog")).text
    assert await place.runs() == [holder.id, "hello-1"]


async def test_plan_says_which_commits_a_deploy_would_undo(place: Office, ana: Person, rui: Person) -> None:
    newer = place.source.commit("Say more", {"service.py": page("more")})
    await place.released("homolog", newer)
    back = (await ana.asks(f"plan hello@{place.source.first} to homolog")).text
    assert "It would go back: commit" in back
    assert f"1 commit would be undone:\n• `{newer[:7]}` Say more (Bia Ramos)" in back
    dito = (await rui.asks(f"planejar hello@{place.source.first} em homolog")).text
    assert "Seria uma volta a uma versão anterior: o commit" in dito
    assert "1 commit seria desfeito:" in dito
    place.source.commit("Another way", {"other.py": ""}, branch="way")
    aside = (await ana.asks("plan hello@way to homolog")).text
    assert "go back" not in aside


async def test_env_shows_names_and_where_they_differ_but_no_value(place: Office, ana: Person, rui: Person) -> None:
    place.change_catalog("homolog: {ENVIRONMENT: homolog}", "homolog: {ENVIRONMENT: hml, SECRETISH: s3same}")
    await place.released()
    place.change_catalog("SECRETISH: s3same", "SECRETISH: s3other")
    answer = await ana.asks("env hello")
    assert "ENVIRONMENT\nset\nset\ndiffer" in answer.text
    assert "SECRETISH\nset\n-\nonly in homolog" in answer.text
    assert "In homolog not released yet: `SECRETISH`." in answer.text
    assert "s3" not in str(answer.message)
    assert "Configuração de `hello`, só os nomes:" in (await rui.asks("configuração do hello em homolog")).text
    assert "`greeter` has no configuration" in (await ana.asks("env greeter")).text


async def test_whoami_says_what_one_may_where(place: Office, ana: Person, rui: Person, eva: Person) -> None:
    told = (await ana.asks("whoami")).text
    assert f"You are *Ana* (`{ANA}`); roles: developer." in told
    homolog = next(line for line in told.split("\n") if line.startswith("In *homolog* you may: "))
    may = homolog.removeprefix("In *homolog* you may: ").rstrip(".").split(", ")
    assert {"deploy", "rollback", "status"} <= set(may)
    assert "approve" not in told
    assert "papéis: release-manager." in (await rui.asks("quemsou")).text
    assert "aprovar" in (await rui.asks("quemsou")).text
    stranger = await eva.asks("whoami")
    assert stranger.verdict == "refused"
    assert "`UEVAOUT01`" in stranger.text


async def test_help_is_short_and_only_what_one_may(place: Office, ana: Person, rui: Person) -> None:
    first = await ana.asks("help")
    assert "`deploy`" in first.text
    assert "`approve`" not in first.text
    assert "deploy hello to homolog" in first.text
    assert len(first.message["text"].splitlines()) < 15
    assert "`deploy[!] &lt;service" in (await ana.asks("help all")).text
    assert "You may not give it; Rui may." in (await ana.asks("help approve")).text
    dito = (await rui.asks("ajuda")).text
    assert "*Entregar*: `implantar`" in dito
    assert "`aprovar`" in dito


@pytest.mark.parametrize(
    "asked", ["queue", "env hello", "diff hello homolog production", "plan hello to homolog", "history", "status"]
)
async def test_a_stranger_learns_nothing(place: Office, eva: Person, asked: str) -> None:
    answer = await eva.asks(asked)
    assert answer.verdict == "refused"
    assert answer.message["is_ephemeral"]
    assert "not listed" in answer.text


async def test_the_card_of_a_run_that_ended_is_untouched_by_looking(place: Office, ana: Person) -> None:
    run = await place.opened()
    await place.store.runs.finish(run.id, Status.CANCELLED)
    card = words(await ana.reads(f"{run.id}/card"))
    for asked in ("status", "queue", "history", "diff hello-1 hello-1"):
        await ana.asks(asked)
    assert words(await ana.reads(f"{run.id}/card")) == card
    assert await place.runs() == [run.id]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("good morning, thanks!", "At your service!"), ("tell me a joke", "I did not understand that.")],
)
async def test_nonsense_is_answered_kindly_with_what_to_do(
    place: Office, ana: Person, asked: str, answered: str
) -> None:
    answer = await ana.asks(asked)
    assert answered in answer.text
    assert list(buttons(answer.message)) == ["Help", "Status"]


async def test_what_a_run_waits_for_is_in_the_status(place: Office, ana: Person, rui: Person) -> None:
    await place.released()
    run = await place.opened(place.plan("production"))
    await place.store.approvals.ask(
        run.id, "approve-production", "production", "subject", 1, datetime.now(UTC) + timedelta(hours=1)
    )
    assert f"{run.id}: waits for approval (0 of 1)" in (await ana.asks("status hello")).text
    assert f"{run.id}: aguarda aprovação (0 de 1)" in (await rui.asks("status hello")).text


async def test_locks_and_freezes_are_seen_where_people_look(place: Office, ana: Person, rui: Person) -> None:
    await place.released()
    place.change_catalog("may: [deploy, redeploy,", "may: [lock, deploy, redeploy,")
    await ana.asks("lock hello in homolog for 2h because we test")
    told = (await rui.asks("status hello")).text
    assert "travado por Ana, até " in told
    assert "(we test)" in told
    planned = (await rui.asks("planejar hello em homolog")).text
    assert "Seria recusada agora: homolog está" in planned
    assert "It would be refused" not in (await ana.asks("plan hello to homolog")).text
