"""The form of a deploy and the App Home: they offer what there is, and refuse where it was asked."""

from typing import Any

from bot.slack.cards.deploy_modal import picked_block
from tests.stories.person import Person
from tests.stories.reading import words
from tests.stories.sources import page
from tests.verbs.office import Office

HELLO = picked_block("hello")
Values = dict[str, dict[str, str]]
HOMOLOG: Values = {"service": {"value": "hello"}, "environment": {"value": "homolog"}}


def _options(view: dict[str, Any], block: str) -> list[str]:
    found = next((b for b in view["blocks"] if b["block_id"] == block), None)
    return [option["value"] for option in found["element"]["options"]] if found else []


async def _choose(person: Person, service: str) -> dict[str, Any]:
    """Open the form, choose a service, and wait for what that brings."""
    await person.types("/estiva deploy")
    empty = await person.modal()
    place = {"view_id": empty["id"], "block_id": "service", "action_id": "value"}
    assert (await person.client.act("click", **place, selected=service))["ok"]
    return await person.until(lambda: next((v for v in person.views if v["hash"] != empty["hash"]), None))


async def test_the_form_offers_branches_and_pipelines_of_the_service_and_sends_them(place: Office, ana: Person) -> None:
    say = "{name: say, uses: command, with: {image: estiva/busybox:base, run: ['true']}}"
    quick = f"pipelines: {{usual: default, quick: [{{stage: go, environment: homolog, actions: [{say}]}}]}}"
    place.change_catalog("    aliases: [hello-world]\n", f"    aliases: [hello-world]\n    {quick}\n")
    place.source.commit("More", {"service.py": page("more")}, branch="feature/login", tag="v2.0")
    form = await _choose(ana, "hello")
    assert _options(form, HELLO)[0] == "main"
    assert set(_options(form, HELLO)) == {"main", "feature/login", "v2.0"}
    assert _options(form, "pipeline") == ["usual", "quick"]
    values: Values = {
        "service": {"value": "hello"},
        HELLO: {"value": "feature/login"},
        "environment": {"value": "homolog"},
        "pipeline": {"value": "quick"},
    }
    assert (await ana.client.act("submit", view_id=form["id"], values=values))["ok"]
    run = await place.until(lambda: place.store.runs.find("hello-1"))
    assert run is not None
    assert (run.plan.ref, run.plan.pipeline) == ("feature/login", "quick")


async def test_the_form_says_what_is_wrong_where_it_is_wrong(place: Office, ana: Person, rui: Person) -> None:
    form = await _choose(ana, "hello")
    values: Values = {
        "service": {"value": "hello"},
        "ref": {"value": "mian"},
        "environment": {"value": "homolog"},
    }
    refused = await ana.client.act("submit", view_id=form["id"], values=values)
    assert refused["errors"]["ref"].startswith("There is no branch, tag or commit mian in hello. Nearest: main")
    values |= {HELLO: {"value": "main"}}
    refused = await ana.client.act("submit", view_id=form["id"], values=values)
    assert refused["errors"] == {"ref": "Choose a branch or type one, not both."}
    values |= {"ref": {"value": ""}, "environment": {"value": "production"}}
    refused = await ana.client.act("submit", view_id=form["id"], values={**values, HELLO: {"value": ""}})
    assert "releases only what was tested there" in refused["errors"]["environment"]
    outra = await _choose(rui, "hello")
    assert outra["title"]["text"] == "Implantar"
    outro = await rui.client.act("submit", view_id=outra["id"], values={**values, HELLO: {"value": ""}})
    assert "Ainda não há nada de `hello` em homolog" in outro["errors"]["environment"]
    assert (await rui.asks("freeze homolog because of the fair")).verdict == "done"
    refused = await ana.client.act("submit", view_id=form["id"], values=HOMOLOG)
    assert "homolog is frozen: by Rui" in refused["errors"]["environment"], "also what a lock or freeze keeps out"
    assert await place.runs() == []


async def test_what_may_not_be_deployed_is_refused_in_the_form_and_on_record(place: Office, ana: Person) -> None:
    place.change_catalog("    in: [homolog]", "    in: [homolog]\n    services: [greeter]")
    form = await _choose(ana, "hello")
    refused = await ana.client.act("submit", view_id=form["id"], values=HOMOLOG)
    assert "You may not ask for `deploy hello in homolog`." in refused["errors"]["environment"]
    rows = await place.store.journal.export()
    assert [row["actor"] for row in rows if row["kind"] == "command_refused"] == ["UANADEV01"]


async def test_the_app_home_shows_what_waits_for_me_and_only_what_i_may_see(
    place: Office, ana: Person, rui: Person
) -> None:
    await place.released()
    place.change_catalog("    in: [homolog, production]   # production is only reached by name", "    in: [homolog]")
    assert (await ana.client.act("home"))["ok"]
    mine = words(await ana.until(lambda: ana.home or None))
    assert "*hello-1* to homolog: succeeded" in mine
    assert "homolog" in mine
    assert "production" not in mine
    assert (await rui.client.act("home"))["ok"]
    assert "Nenhuma ainda." in words(await rui.until(lambda: rui.home or None))
