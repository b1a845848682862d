"""One reader's turn at a time: who comes back late writes nothing."""

import asyncio

import pytest

from storage.store import Store
from storage.tenures import Superseded
from tests.storage.nouns import asked, planned


async def test_each_turn_ends_the_one_before(store: Store) -> None:
    first = await store.tenures.begin("slack", "a")
    await store.tenures.check(first)
    second = await store.tenures.begin("slack", "b")
    assert second.number == first.number + 1
    assert await store.tenures.holder("slack") == "b"
    await store.tenures.check(second)
    with pytest.raises(Superseded, match="turn 1 of the reader slack is over: it is turn 2 now"):
        await store.tenures.check(first)


async def test_what_a_former_reader_posted_is_not_noted_and_is_looked_at_again(store: Store) -> None:
    await store.runs.open(asked(1), planned())
    first = await store.tenures.begin("slack", "a")
    await store.posts.put("hello-1/card", "C1", "1.1", "old", first)
    second = await store.tenures.begin("slack", "b")
    await store.posts.put("hello-1/card", "C1", "1.1", "new", second)
    await store.runs.seen("hello-1", 7)
    with pytest.raises(Superseded):
        await store.posts.put("hello-1/card", "C1", "1.1", "older", first)
    post = await store.posts.get("hello-1/card")
    assert post is not None
    assert post.digest == "new"
    await store.posts.doubt("hello-1/card", "hello-1")
    post = await store.posts.get("hello-1/card")
    assert post is not None
    assert (post.ts, post.digest) == ("1.1", "")
    assert await store.runs.cursor("hello-1") == 0


async def test_twenty_turns_at_once_have_twenty_numbers(store: Store) -> None:
    await store.tenures.begin("slack", "a")
    turns = await asyncio.gather(*(store.tenures.begin("slack", str(n)) for n in range(20)))
    assert sorted(turn.number for turn in turns) == list(range(2, 22))


async def test_a_request_of_a_dead_process_is_taken_over_once(store: Store) -> None:
    await store.requests.accept(asked(1), "a")
    await store.requests.accept(asked(2))
    assert [taker for _, taker in await store.requests.taken()] == ["a", None]
    took = await asyncio.gather(*(store.requests.take_over(asked(1).id, "a", name) for name in "bcde"))
    assert sorted(took) == [False, False, False, True]
    assert await store.requests.take_over(asked(2).id, None, "b")
    assert not await store.requests.take_over(asked(2).id, None, "c")
