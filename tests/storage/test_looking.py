"""What people look for: their choices, runs by person and time, every queue, what a run released."""

from datetime import timedelta

from storage.preferences import Preference
from storage.store import Store
from tests.storage.conftest import Clock
from tests.storage.nouns import PRODUCTION, asked, planned, released, walking


async def test_a_choice_is_kept_for_each_and_replaced(store: Store) -> None:
    assert await store.preferences.get("U0ANA0001") == Preference()
    await store.preferences.put("U0ANA0001", Preference(language="pt_BR", mentions=False), by="U0ANA0001")
    await store.preferences.put("C0DEPLOYS", Preference(language="en"), by="U0ANA0001")
    assert await store.preferences.get("U0ANA0001") == Preference(language="pt_BR", mentions=False)
    await store.preferences.put("U0ANA0001", Preference(mentions=True), by="U0ANA0001")
    assert await store.preferences.language("U0ANA0001") is None
    assert await store.preferences.language("C0DEPLOYS") == "en"


async def test_runs_are_found_by_who_asked_and_since_when(store: Store, clock: Clock) -> None:
    await store.runs.open(asked(1), planned())
    clock.now += timedelta(hours=2)
    between = clock.now
    await store.runs.open(asked(2, user="U0BIA0002"), planned())
    assert [run.id for run in await store.runs.recent(requester="U0BIA0002")] == ["hello-2"]
    assert [run.id for run in await store.runs.recent(since=between)] == ["hello-2"]
    assert await store.runs.recent(requester="U0ANA0001", since=between) == []


async def test_every_queue_is_listed_in_its_order(store: Store) -> None:
    assert await store.locks.queues() == {}
    for number, (service, place) in enumerate([("hello", "homolog"), ("hello", "homolog"), ("world", "production")]):
        run = await walking(store, number, service=service)
        await store.locks.enter(run.id, service, place)
    assert await store.locks.queues() == {
        ("hello", "homolog"): ["hello-1", "hello-2"],
        ("world", "production"): ["world-1"],
    }


async def test_what_a_run_released_is_found_by_the_run(store: Store) -> None:
    run = await store.runs.open(asked(1), planned(environment=PRODUCTION))
    for environment in ("homolog", "production"):
        assert await store.releases.record(released(run, "sha256:one", environment))
    assert [release.environment for release in await store.releases.of_run(run.id)] == ["homolog", "production"]
    assert await store.releases.of_run("hello-9") == []
