"""Buttons, modals, shortcuts and the App Home: each becomes one durable request."""

from bot.slack.cards.shown import Difference
from storage.model.event import Kind
from storage.model.reply import Reply, Verdict
from storage.model.request import Request, Via
from storage.model.run import Status
from tests.slack.town import ANA, DEPLOYS, RUI, Json, Town, button


async def _question(place: Town) -> tuple[str, Json]:
    run = await place.open_run()
    approval = await place.ask_approval(run)
    shown: Json = await place.until(lambda: place.message(f"{run.id}/approval/approve-production"))
    return approval, shown


async def _click(place: Town, message: Json, action: str, who: str) -> Json:
    block = next(b for b in message["blocks"] if b["type"] == "actions")["block_id"]
    where = {"channel": DEPLOYS, "message_ts": message["ts"], "block_id": block, "action_id": action}
    return await place.act("click", **where, **{"as": who})


async def _asked(place: Town) -> list[Request]:
    return place.desk.asked


async def test_approve_is_asked_as_a_command_and_the_card_says_who(place: Town) -> None:
    async def approve(request: Request) -> Reply:
        approval = request.text.removeprefix("approve ")
        await place.store.approvals.approve(approval, request.user, "subject")
        return Reply(verdict=Verdict.DONE, text="Approved")

    place.desk.answer = approve
    place.changes = Difference(brings=("1a2b3c4 Greet <!channel> (Bia)",))
    async with place.working():
        approval, shown = await _question(place)
        assert button(shown, "estiva:approve")["confirm"]["confirm"]["text"] == "Approve"
        assert (await _click(place, shown, "estiva:approve", "release"))["ok"]
        decided = await place.until(lambda: _says(place, shown, "Approved by Rui"))
    assert [b["type"] for b in decided["blocks"]].count("actions") == 0
    request = place.desk.asked[0]
    assert (request.text, request.user, request.via) == (f"approve {approval}", RUI, Via.BUTTON)
    assert request.id.startswith(f"act/T0ESTIVA1/{DEPLOYS}/{shown['ts']}/estiva:approve/{RUI}/")


async def _says(place: Town, message: Json, words: str) -> Json | None:
    now = place.workspace.workspace.channels[DEPLOYS].messages[message["ts"]]
    return now if words in str(now["blocks"]) else None


async def test_a_rejection_asks_for_its_reason_first(place: Town) -> None:
    async with place.working():
        approval, shown = await _question(place)
        assert (await _click(place, shown, "estiva:reject", "release"))["ok"]
        view = (await place.until(lambda: _views(place, RUI)))[0]
        given = {"reason": {"value": "not before\nthe holidays"}}
        answer = await place.act("submit", view_id=view["id"], values=given, **{"as": "release"})
        assert answer["ok"], answer
        request = (await place.until(lambda: _asked(place)))[0]
    assert request.text == f"reject {approval} because not before the holidays"
    assert (request.via, request.channel) == (Via.MODAL, DEPLOYS)


async def _views(place: Town, person: str) -> list[Json]:
    return place.workspace.workspace.stack(person)


async def test_a_deploy_can_be_filled_in(place: Town) -> None:
    async with place.working():
        assert (await place.say("/estiva deploy"))["ok"]
        view = (await place.until(lambda: _views(place, ANA)))[0]
        wrong = {
            "service": {"value": "hello"},
            "ref": {"value": "--upload-pack=x"},
            "environment": {"value": "homolog"},
        }
        assert "ref" in (await place.act("submit", view_id=view["id"], values=wrong))["errors"]
        right = wrong | {"ref": {"value": "feature/login"}}
        assert (await place.act("submit", view_id=view["id"], values=right))["ok"]
        request = (await place.until(lambda: _asked(place)))[0]
    assert request.text == "deploy hello@feature/login to homolog"
    assert request.channel == DEPLOYS


async def test_shortcuts_find_the_run_of_a_message(place: Town) -> None:
    run = await place.open_run()
    async with place.working():
        card = await place.until(lambda: place.message(f"{run.id}/card"))
        for callback in ("estiva_failure_log", "estiva_retry"):
            where = {"callback_id": callback, "channel": DEPLOYS, "message_ts": card["ts"]}
            assert (await place.act("shortcut", **where))["ok"]
        await place.until(lambda: _count(place, 2))
        own = await place.say("just talking")
        where = {"callback_id": "estiva_retry", "channel": DEPLOYS, "message_ts": own["ts"]}
        assert (await place.act("shortcut", **where))["ok"]
        await place.until(lambda: _whispered(place, "about no run"))
    assert sorted(r.text for r in place.desk.asked) == [f"logs {run.id}", f"retry {run.id}"]


async def _count(place: Town, count: int) -> bool:
    return len(place.desk.asked) >= count


async def _whispered(place: Town, words: str) -> bool:
    return any(words in m["text"] for m in await place.bots() if m.get("is_ephemeral"))


async def test_the_app_home_shows_what_waits_and_what_runs(place: Town) -> None:
    async with place.working():
        run = await place.open_run()
        approval = await place.ask_approval(run)
        await place.act("home", **{"as": "release"})
        view = await place.until(lambda: _home(place, RUI))
        values = [e["value"] for b in view["blocks"] for e in b.get("elements", ()) if e["type"] == "button"]
        assert values == ["deploy", "queue", "settings", f"approve {approval}", f"reject {approval}"]
        assert [b for b in view["blocks"] if b["type"] == "table"]
        await place.act("home", **{"as": "outsider"})
        strangers = await place.until(lambda: _home(place, "UEVAOUT01"))
        assert "hello" not in str(strangers)
        click = {"view_id": view["id"], "action_id": "estiva:approve.0"}
        click["block_id"] = next(b["block_id"] for b in view["blocks"] if "estiva:approve.0" in str(b))
        assert (await place.act("click", **click, **{"as": "release"}))["ok"]
        request = (await place.until(lambda: _asked(place)))[0]
        direct = place.workspace.workspace.direct(RUI)
        assert direct
        await place.until(lambda: place.message(f"reply/{request.id}", direct.id))
    assert request.text == f"approve {approval}"


async def _home(place: Town, person: str) -> Json | None:
    return place.workspace.workspace.homes.get(person)


async def test_a_cancelled_run_ends_its_question(place: Town) -> None:
    async with place.working():
        _, shown = await _question(place)
        run = await place.store.runs.get("hello-1")
        await place.store.runs.request_cancel(run.id, ANA)
        await place.store.runs.finish(run.id, Status.CANCELLED, "cancelled by Ana")
        await place.until(lambda: _says(place, shown, "ended before anybody decided"))
        await place.until(lambda: place.message(f"{run.id}/ended"))
    assert Kind.RUN_ENDED in [event.kind for event in await place.store.journal.of_run(run.id)]
