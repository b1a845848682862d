"""What changes what runs, up to the run that is opened: the engine's part is told elsewhere, with a real one."""

from storage.model.run import Status, Trigger
from tests.stories.person import Person
from tests.stories.reading import buttons
from tests.stories.sources import page
from tests.verbs.office import Office


async def test_promote_releases_the_very_image_of_the_environment_before(
    place: Office, ana: Person, rui: Person
) -> None:
    nothing = await ana.asks("promote hello to production")
    assert "Nothing of `hello` runs in homolog yet" in nothing.text
    assert "Deploy to homolog" in buttons(nothing.message)
    release = await place.released()
    wrong = await ana.asks("promote hello from production to production")
    assert "production gets what runs in homolog, never what runs in production." in wrong.text
    started = await ana.asks("promote hello from homolog to production")
    assert f"Promoting `hello` `{release.commit[:7]}` from homolog to production" in started.text
    assert "It waits for 1 approval, which Rui may give: nothing changes in production before." in started.text
    plan = (await place.store.runs.get(started.run)).plan
    assert (plan.trigger, plan.artifacts["digest"]) == (Trigger.PROMOTE, release.digest)
    assert [stage.approval for stage in plan.stages] == [True, False]
    em_portugues = (await rui.asks("promover hello para produção")).text
    assert "Promovendo `hello`" in em_portugues
    assert "Mais ninguém pode aprovar isto, por isso não será aprovado" in em_portugues
    place.change_catalog("may: [deploy, promote]\n    in: [production]", "may: [deploy, promote]")
    assert "Nothing is promoted to homolog: it builds." in (await ana.asks("promote hello to homolog")).text


async def test_redeploy_takes_the_configuration_of_today_and_restart_that_of_the_release(
    place: Office, ana: Person, rui: Person
) -> None:
    assert "Nothing of `hello` runs in homolog yet." in (await ana.asks("restart hello in homolog")).text
    release = await place.released()
    place.change_catalog("homolog: {ENVIRONMENT: homolog}", "homolog: {ENVIRONMENT: changed}")
    again = (await place.store.runs.get((await ana.asks("redeploy hello in homolog")).run)).plan
    anew = (await place.store.runs.get((await ana.asks("restart hello in homolog")).run)).plan
    assert again.artifacts["digest"] == anew.artifacts["digest"] == release.digest
    assert again.service.env["homolog"] == {"ENVIRONMENT": "changed"}
    assert anew.service.env["homolog"] == {"ENVIRONMENT": "homolog"}
    assert {action.uses for plan in (again, anew) for stage in plan.stages for action in stage.actions} == {"docker"}
    assert "Reiniciando `hello`" in (await rui.asks("reiniciar hello em homolog")).text
    assert "de novo, com a configuração de agora" in (await rui.asks("reimplantar hello em homolog")).text
    refused = await ana.asks("restart hello in production")
    assert refused.verdict == "refused"
    assert "Ask Rui." in refused.text


async def test_what_production_runs_is_restarted_with_approval_only(place: Office, rui: Person) -> None:
    await place.released("production")
    plan = (await place.store.runs.get((await rui.asks("reiniciar hello em produção")).run)).plan
    assert [stage.approval for stage in plan.stages] == [True, False]


async def test_scale_changes_nothing_but_the_number(place: Office, ana: Person, rui: Person) -> None:
    assert "Nothing of `hello` runs in homolog yet." in (await ana.asks("scale hello in homolog to 3")).text
    release = await place.released()
    place.change_catalog("homolog: {ENVIRONMENT: homolog}", "homolog: {ENVIRONMENT: changed}")
    started = await ana.asks("scale hello in homolog to 3")
    assert "Scaling `hello` in homolog to 3" in started.text
    plan = (await place.store.runs.get(started.run)).plan
    assert (plan.trigger, plan.replicas, plan.artifacts["digest"]) == (Trigger.SCALE, 3, release.digest)
    assert plan.service.env["homolog"] == {"ENVIRONMENT": "homolog"}, "what runs is configured as it was"
    assert "Escalando `hello` em homolog para 2" in (await rui.asks("escalar hello em homolog para 2")).text
    refused = await ana.asks("scale hello in production to 3")
    assert refused.verdict == "refused"
    assert "Ask Rui." in refused.text


async def test_what_production_runs_is_scaled_with_approval_only(place: Office, rui: Person) -> None:
    await place.released("production")
    run = await rui.starts("escalar hello em produção para 3")
    assert [stage.approval for stage in (await place.store.runs.get(run)).plan.stages] == [True, False]


async def test_a_number_that_a_target_cannot_run_is_refused(place: Office, ana: Person, rui: Person) -> None:
    await place.released(replicas=3)
    assert "runs at most 32 containers of `hello`" in (await ana.asks("scale hello in homolog to 40")).text
    assert "já foi escalado para 3 em homolog" in (await rui.asks("escalar hello em homolog para 3")).text
    assert "Replicas" in (await ana.asks("status")).text
    assert "Réplicas" in (await rui.asks("status hello em homolog")).text
    assert "Replicas" not in (await ana.asks("status greeter")).text
    place.change_catalog("    target: docker\n", "    target: command\n    options: {run: [/bin/true]}\n")
    refused = await ana.asks("scale hello in homolog to 2")
    assert "The target `command` of homolog cannot change how many containers of `hello` run." in refused.text
    assert await place.runs() == ["hello-1"]


async def test_a_rollback_goes_to_the_release_that_is_named_or_picked(place: Office, ana: Person, rui: Person) -> None:
    first = await place.released()
    for number in range(2):
        await place.released(commit=place.source.commit(f"Change {number}", {"service.py": page(f"{number}")}))
    picked = await ana.asks("rollback hello in homolog pick")
    assert picked.verdict == "ask"
    one, two = f"hello-1 · {first.commit[:7]}", f"hello-2 · {_commit(picked.text, 'hello-2')}"
    assert list(buttons(picked.message)) == [two, one]
    assert "hello-3" not in picked.text
    await ana.clicks(picked.message, one)
    run = await place.until(lambda: place.store.runs.find("hello-4"))
    assert run is not None
    assert (run.plan.trigger, run.plan.artifacts["digest"]) == (Trigger.ROLLBACK, first.digest)
    await place.store.runs.finish("hello-4", Status.CANCELLED)
    assert "back to" in (await ana.asks("rollback hello in homolog to 1")).text
    await place.store.runs.finish("hello-5", Status.CANCELLED)
    assert "Run `hello-9` released nothing to homolog." in (await ana.asks("rollback hello in homolog to hello-9")).text
    assert "runs in homolog already" in (await ana.asks("rollback hello in homolog to 3")).text
    assert "Which release" not in (await ana.asks("rollback greeter in homolog")).text
    dito = await rui.asks("reverter hello em homolog escolher")
    assert "A qual release `hello` em homolog deve voltar?" in dito.text


def _commit(text: str, run: str) -> str:
    """The commit in the row of a run."""
    lines = text.split("\n")
    return lines[lines.index(run) + 1][:7]


async def test_a_rollback_without_its_environment_asks_and_never_guesses(place: Office, ana: Person) -> None:
    await place.released()
    await place.released(commit=place.source.commit("Change", {"service.py": page("x")}))
    asked = await ana.asks("rollback hello to 1")
    assert asked.verdict == "ask"
    assert "Where shall `hello` go back to `hello-1`?" in asked.text
    assert list(buttons(asked.message)) == ["homolog"]
    assert await place.runs() == ["hello-2", "hello-1"]


async def test_a_rollback_beside_a_deploy_under_way_asks_what_is_meant(place: Office, ana: Person, rui: Person) -> None:
    first = await place.released()
    second = await place.released(commit=place.source.commit("Change", {"service.py": page("x")}))
    await place.opened()
    asked = await ana.asks("rollback hello in homolog")
    assert asked.verdict == "ask"
    assert "`hello-3` is still under way to homolog." in asked.text
    assert list(buttons(asked.message)) == [
        "Cancel hello-3",
        f"hello-2 · {second.commit[:7]}",
        f"hello-1 · {first.commit[:7]}",
    ]
    assert await place.runs() == ["hello-3", "hello-2", "hello-1"]
    assert "`hello-3` ainda está a caminho de homolog." in (await rui.asks("reverter hello em homolog")).text
    for named in ("hello-2", "hello-1"):
        assert (await ana.asks(f"rollback hello in homolog to {named}")).verdict == "started"


async def test_what_runs_where_no_engine_answers_has_no_logs(place: Office, ana: Person) -> None:
    assert "Nothing of `hello` runs in homolog yet." in (await ana.asks("logs hello in homolog now")).text
    await place.released()
    told = await ana.asks("logs hello in homolog since 10m grep ERROR")
    assert "The logs cannot be read: the Docker engine" in told.text


async def test_a_deploy_takes_the_pipeline_that_is_named(place: Office, ana: Person, rui: Person) -> None:
    say = "{name: say, uses: command, with: {image: estiva/busybox:base, run: ['true']}}"
    quick = f"pipelines: {{usual: default, quick: [{{stage: go, environment: homolog, actions: [{say}]}}]}}"
    place.change_catalog("    aliases: [hello-world]\n", f"    aliases: [hello-world]\n    {quick}\n")
    planned = await ana.asks("plan hello to homolog with quick")
    assert "say (command)" in planned.text
    assert buttons(planned.message)["Deploy"][1]["value"] == "deploy hello to homolog with quick"
    run = await place.store.runs.get((await ana.asks("deploy hello to homolog with quick")).run)
    assert run.plan.pipeline == "quick"
    assert [stage.name for stage in run.plan.stages] == ["go"]
    usual = await place.store.runs.get((await ana.asks("deploy hello to homolog --pipeline usual")).run)
    assert len(usual.plan.stages) > 1
    assert "não conheço `quik`" in (await rui.asks("implantar hello em homolog com quik")).text


async def test_several_services_are_restarted_at_once_each_with_its_own_answer(place: Office, ana: Person) -> None:
    await place.released()
    answer = await ana.asks("restart hello and greeter in homolog")
    assert "Restarting `hello`" in answer.text
    assert "Nothing of `greeter` runs in homolog yet." in answer.text
    assert await place.runs() == ["hello-2", "hello-1"]
