"""Logs of runs and of single actions, and the file that is not said twice."""

from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.model.run import Run, Status
from tests.stories.person import Person
from tests.stories.reading import Json as Message
from tests.stories.reading import buttons, key_of, words
from tests.verbs.office import Office


async def failing_run(place: Office) -> Run:
    """A run whose unit tests failed, with the logs of both tests; it has not ended yet."""
    run = await place.opened()
    for action, lines in (("unit", ["one is fine", "FAIL: two"]), ("smoke", ["smoke is fine"])):
        sink = place.store.logs.sink(run.id, "test", action, 1)
        for line in lines:
            sink.line(line)
        sink.close()
    where: dict[str, Json] = {"stage": "test", "action": "unit", "attempt": 1}
    why: dict[str, Json] = {
        **where,
        "reason": "2 of 2 said no",
        "exit_code": 1,
        "excerpt": ["FAIL: two"],
        "final": True,
    }
    await place.store.journal.append(
        Fact(kind=Kind.ACTION_STARTED, actor="estiva", run=run.id, data=where),
        Fact(kind=Kind.ACTION_FAILED, actor="estiva", run=run.id, data=why),
    )
    return run


async def failed_run(place: Office) -> Run:
    """The same, ended."""
    run = await failing_run(place)
    await place.store.runs.finish(run.id, Status.FAILED, "test/unit: 2 of 2 said no")
    return run


async def test_a_failure_is_found_while_its_run_goes_on(place: Office, ana: Person) -> None:
    await failing_run(place)
    answer = (await ana.asks("logs hello")).text
    assert "`test / unit` failed (exit code 1): 2 of 2 said no" in answer
    assert "FAIL: two" in answer


async def test_an_answer_is_in_one_language_to_its_end(place: Office, rui: Person) -> None:
    nothing = (await rui.asks("logs do hello em homolog")).message
    await failed_run(place)
    failed = (await rui.asks("logs do hello em homolog")).message
    said = [element["value"] for message in (nothing, failed) for _, element in buttons(message).values()]
    assert said == ["logs hello em homolog agora", "repetir hello-1"]
    await place.released()
    told = (await rui.asks("logs do hello em homolog agora")).text
    assert told.startswith("Não consigo ler os logs: o Docker em ")
    assert told.endswith("veja se este usuário pode usar o socket dele; depois repita.")
    await rui.clicks(failed, "Repetir desde o início")
    again = await place.until(lambda: place.store.runs.find("hello-2"))
    assert again is not None


async def test_the_log_of_one_action_is_shown_and_searched(place: Office, ana: Person, rui: Person) -> None:
    run = await failed_run(place)
    smoke = (await ana.asks(f"logs {run.id} smoke")).text
    assert "smoke is fine" in smoke
    assert "FAIL" not in smoke
    found = (await ana.asks(f"logs {run.id} test/unit grep fail:")).text
    assert "FAIL: two" in found
    assert "one is fine" not in found
    assert "FAIL: two" in (await rui.asks("erros do hello")).text
    wrong = (await ana.asks(f"logs {run.id} deploy-production/deploy")).text
    assert f"No one action of `{run.id}` is called `deploy-production/deploy`." in wrong
    assert "`test/unit`" in wrong


async def test_the_whole_log_is_in_the_thread_once(place: Office, ana: Person) -> None:
    run = await failed_run(place)
    failure = await ana.reads(f"{run.id}/failure/test/unit")
    await ana.until(lambda: _files(ana, failure["thread_ts"]) or None)
    await ana.clicks(failure, "Full Log")
    answer = await ana.until(lambda: _reply_in(ana, failure["thread_ts"]))
    assert "The whole log is in this thread: `hello-1-test-unit.log`" in words(answer)
    assert _files(ana, failure["thread_ts"]) == ["hello-1-test-unit.log"]
    asked = await ana.asks("logs hello")
    assert "Retry from Start" in buttons(asked.message)
    await ana.until(lambda: _files(ana, asked.message["thread_ts"]) or None)
    assert _files(ana, asked.message["thread_ts"]) == ["hello-1.log"]


async def test_the_shortcuts_on_a_message_show_its_log_and_try_again(place: Office, ana: Person) -> None:
    run = await failed_run(place)
    card = await ana.reads(f"{run.id}/card")
    where = {"channel": card["channel"], "message_ts": card["ts"]}
    assert (await ana.client.act("shortcut", callback_id="estiva_failure_log", **where))["ok"]
    await ana.sees("`test / unit` failed (exit code 1): 2 of 2 said no")
    assert (await ana.client.act("shortcut", callback_id="estiva_retry", **where))["ok"]
    again = await place.until(lambda: place.store.runs.find("hello-2"))
    assert again is not None
    assert again.plan.origin == run.id


def _files(person: Person, thread: str) -> list[str]:
    return [file["name"] for m in person.seen.values() if m.get("thread_ts") == thread for file in m.get("files", ())]


def _reply_in(person: Person, thread: str) -> Message | None:
    replies = (m for m in person.seen.values() if key_of(m).startswith("reply/") and m.get("thread_ts") == thread)
    return next(replies, None)


async def test_a_direct_message_is_answered_beside_it_and_in_its_thread_when_it_is_in_one(
    place: Office, ana: Person
) -> None:
    answer = await ana.asks("status hello", "@estiva")
    assert "thread_ts" not in answer.message
    said = await ana.types("queue", "@estiva", thread=answer.message["ts"])
    assert (await ana.answer(said["ts"])).message["thread_ts"] == answer.message["ts"]
