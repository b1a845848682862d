"""Why an environment is frozen, as it is said where nobody knows ids of Slack."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from runners.barriers import frozen_in
from storage.model.catalog import Catalog, Person, Registry
from storage.model.hold import Freeze, HoldKind
from storage.store import Store

NOW = datetime(2026, 12, 25, tzinfo=UTC)
SALE = Freeze(environment="production", dates=((date(2026, 12, 24), date(2026, 12, 26)),), reason="holidays")


def catalog(*freezes: Freeze) -> Catalog:
    people = {"UANA": Person(id="UANA", name="ana", also=("WANA",))}
    registry = Registry(host="x")
    return Catalog(services={}, environments={}, people=people, grants=(), registry=registry, freezes=freezes)


async def test_people_and_the_catalog_freeze(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path)
    try:
        by_catalog = frozen_in(store, lambda: catalog(SALE), lambda: NOW)
        assert await by_catalog("production") == "frozen by the catalog holidays"
        assert await by_catalog("homolog") is None
        by_people = frozen_in(store, catalog, lambda: NOW)
        lock = await store.holds.take(HoldKind.LOCK, None, "production", "UANA", "tests")
        assert lock.ok
        assert await by_people("production") is None, "a lock keeps others out, and its owner not"
        freeze = await store.holds.take(HoldKind.FREEZE, None, "production", "WANA", "the sale")
        assert await by_people("production") == "frozen by ana the sale"
        await store.holds.release(freeze.hold.id, "UANA")
        assert await by_people("production") is None
        await store.holds.take(HoldKind.FREEZE, "hello", "production", "UANA", "one service")
        assert await by_people("production") is None
    finally:
        await store.close()


async def test_a_freeze_whose_time_is_over_freezes_nothing(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path)
    try:
        await store.holds.take(HoldKind.FREEZE, None, "production", "UNEW", "the sale", NOW)
        assert await frozen_in(store, catalog, lambda: NOW - timedelta(seconds=1))("production") is not None
        assert await frozen_in(store, catalog, lambda: NOW)("production") is None
    finally:
        await store.close()
