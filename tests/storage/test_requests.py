"""Requests are kept once and answered once."""

import asyncio
from pathlib import Path

import pytest

from storage.model.event import Fact, Kind
from storage.model.reply import Attachment, Offer, Reply, Style, Table, Verdict
from storage.store import Store
from tests.storage.nouns import asked

HELLO = Reply(verdict=Verdict.DONE, text="hello")


async def test_a_request_delivered_twice_is_new_once(store: Store) -> None:
    assert await store.requests.accept(asked(1))
    assert not await store.requests.accept(asked(1))
    assert await store.requests.unanswered() == [asked(1)]
    assert await store.requests.get(asked(1).id) == asked(1)


async def test_twenty_deliveries_at_once_are_new_once(store: Store) -> None:
    accepted = await asyncio.gather(*(store.requests.accept(asked(1)) for _ in range(20)))
    assert sorted(accepted) == [False] * 19 + [True]


async def test_a_request_outlives_the_process(url: str, tmp_path: Path) -> None:
    first = await Store.open(url, tmp_path)
    await first.requests.accept(asked(1))
    await first.requests.accept(asked(2))
    await first.requests.answer(asked(1).id, HELLO)
    await first.close()
    second = await Store.open(url, tmp_path)
    assert await second.requests.unanswered() == [asked(2)]
    assert await second.requests.unposted() == [(asked(1), HELLO)]
    await second.close()


async def test_the_first_answer_wins_and_only_its_facts_are_journaled(store: Store) -> None:
    await store.requests.accept(asked(1))
    refusal = Fact(kind=Kind.COMMAND_REFUSED, actor="U1", data={"text": "deploy x", "reason": "unknown service"})
    answers = await asyncio.gather(
        *(store.requests.answer(asked(1).id, Reply(verdict=Verdict.REFUSED, text=str(n)), [refusal]) for n in range(5))
    )
    assert sorted(answers) == [False] * 4 + [True]
    assert [reply.text for _, reply in await store.requests.unposted()] == [str(answers.index(True))]
    assert len(await store.journal.page()) == 1


async def test_a_reply_comes_back_as_it_was(store: Store) -> None:
    reply = Reply(
        verdict=Verdict.ASK,
        text="which service?",
        table=Table(header=("service", "runs"), rows=(("hello", "3"), ("olá", "0"))),
        excerpt=("line one", "line two"),
        attachment=Attachment(name="log.txt", text="…"),
        offers=(Offer(label="Deploy", command="deploy hello", style=Style.DANGER, confirm="Sure?"),),
        run="hello-1",
        private=True,
        extra={"a": "b"},
    )
    await store.requests.accept(asked(1))
    await store.requests.answer(asked(1).id, reply)
    assert await store.requests.unposted() == [(asked(1), reply)]


async def test_a_posted_reply_is_not_posted_again(store: Store) -> None:
    await store.requests.accept(asked(1))
    await store.requests.answer(asked(1).id, HELLO)
    await store.requests.posted(asked(1).id)
    assert await store.requests.unposted() == []
    assert await store.requests.unanswered() == []


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d of a pair", "\U0001f680 olá", "x" * 100_000])
async def test_any_text_can_be_kept(store: Store, text: str) -> None:
    assert await store.requests.accept(asked(1, text=text))
    kept = await store.requests.unanswered()
    assert kept[0].text == text.replace("\0", "\ufffd").replace("\ud83d", "\ufffd")


async def test_a_secret_is_kept_nowhere(store: Store) -> None:
    await store.requests.accept(asked(1, text="deploy correct-horse-battery"))
    await store.requests.answer(asked(1).id, Reply(verdict=Verdict.DONE, text="it is correct-horse-battery"))
    (request, reply), *_ = await store.requests.unposted()
    assert request.text == "deploy ***"
    assert reply.text == "it is ***"
