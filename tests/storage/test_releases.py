"""What runs where, what ran before, and where a rollback goes."""

import pytest

from storage.model.event import Kind
from storage.model.run import Trigger
from storage.store import Store
from tests.storage.nouns import asked, planned, released, walking


async def release(store: Store, number: int, digest: str, trigger: Trigger = Trigger.DEPLOY) -> None:
    run = await store.runs.open(asked(number), planned(trigger=trigger))
    assert await store.releases.record(released(run, digest))


async def test_a_release_is_noted_once(store: Store) -> None:
    run = await walking(store, 1)
    assert await store.releases.record(released(run, "sha256:one"))
    assert not await store.releases.record(released(run, "sha256:one"))
    assert await store.releases.current("hello", "homolog") == released(run, "sha256:one")
    assert await store.releases.current("hello", "production") is None
    assert await store.releases.current("world", "homolog") is None
    (*_, event) = await store.journal.of_run(run.id)
    assert event.kind is Kind.RELEASED
    assert "previous" not in event.data


async def test_history_is_newest_first_and_says_what_was_before(store: Store) -> None:
    for number, digest in enumerate(["one", "two", "three"]):
        await release(store, number, digest)
    assert [each.digest for each in await store.releases.history("hello", "homolog", limit=2)] == ["three", "two"]
    (*_, event) = await store.journal.of_run("hello-3")
    assert event.data["previous"] == "two"


@pytest.mark.parametrize(
    ("history", "goes_to"),
    [
        ("", None),
        ("one", None),
        ("one two", "one"),
        ("one two two", "one"),
        ("one two three", "two"),
        ("one two three <two", "one"),
        ("one two three <two <one", None),
        ("one two three <two four", "two"),
        ("one two three <two four <two", "one"),
        ("one two one", "two"),
        ("<gone", None),
        ("one two =two", "one"),
        ("one two three <two =two", "one"),
        ("one two =two three", "two"),
    ],
)
async def test_a_rollback_goes_to_the_last_that_was_not_rolled_back(
    store: Store, history: str, goes_to: str | None
) -> None:
    for number, digest in enumerate(history.split()):
        trigger = {"<": Trigger.ROLLBACK, "=": Trigger.RESTART}.get(digest[0], Trigger.DEPLOY)
        await release(store, number, digest.lstrip("<="), trigger)
    found = await store.releases.previous("hello", "homolog")
    assert (found and found.digest) == goes_to


async def test_posts_are_kept_by_key(store: Store) -> None:
    assert await store.posts.get("board/hello-1") is None
    await store.posts.put("board/hello-1", "C1", "1.1", "d1")
    await store.posts.put("board/hello-1", "C1", "1.1", "d2")
    post = await store.posts.get("board/hello-1")
    assert post is not None
    assert (post.channel, post.ts, post.digest) == ("C1", "1.1", "d2")


async def test_what_was_put_back_counts_as_what_it_was_at_first(store: Store) -> None:
    await release(store, 1, "one")
    await release(store, 2, "two")
    run = await store.runs.open(asked(3), planned())
    before = await store.releases.before(run.id, "hello", "homolog")
    assert before is not None
    assert (before.run, before.digest) == ("hello-2", "two")
    assert await store.releases.record(released(run, "three"))
    assert await store.releases.before(run.id, "hello", "homolog") == before
    assert await store.releases.record(released(run, "two"), restored=True)
    (*_, event) = await store.journal.of_run(run.id)
    assert (event.kind, event.data["previous"], event.data["rollback"]) == (Kind.RELEASED, "three", True)
    current = await store.releases.current("hello", "homolog")
    assert current is not None
    assert current.digest == "two"
    later = await store.runs.open(asked(4), planned())
    assert await store.releases.before(later.id, "hello", "homolog") == before
    previous = await store.releases.previous("hello", "homolog")
    assert previous is not None
    assert previous.digest == "one"


async def test_before_the_first_release_there_is_nothing(store: Store) -> None:
    run = await store.runs.open(asked(1), planned())
    assert await store.releases.before(run.id, "hello", "homolog") is None


async def test_the_same_image_put_back_in_its_old_configuration_is_the_old_release(store: Store) -> None:
    await release(store, 1, "one")
    await release(store, 2, "two")
    run = await store.runs.open(asked(3), planned())
    assert await store.releases.record(released(run, "two"))
    assert await store.releases.record(released(run, "two"), restored=True)
    current = await store.releases.current("hello", "homolog")
    assert current is not None
    assert (current.run, (await store.releases.origin(current)).run) == ("hello-3", "hello-2")
    later = await store.runs.open(asked(4), planned())
    before = await store.releases.before(later.id, "hello", "homolog")
    assert before is not None
    assert before.run == "hello-2"
    assert await store.releases.origin(before) == before
