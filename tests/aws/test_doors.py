"""A freeze closes the doors of pipelines, and its end opens them again; what others closed stays closed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from runners.aws.doors import Doors, doors_of, frozen_in
from runners.aws.session import Clouds
from runners.contract import ActionFailed
from storage.model.catalog import Action, Catalog, Registry, Service, Stage
from storage.model.hold import Freeze, HoldKind
from storage.store import Store
from tests.aws.yard import Yard


def catalog(yard: Yard) -> Catalog:
    environment = replace(yard.environment, options={"freeze": "Deploy", "pipelines": {"other": "ghost"}})
    deploy = Stage(name="deploy", environment="production", actions=(Action(name="deploy", uses="codepipeline"),))
    hello = Service(name="hello", repository="unused", image="x/hello", stages=(deploy,))
    services = {"other": replace(hello, name="other"), "hello": hello}
    return Catalog(
        services=services,
        environments={"production": environment},
        people={},
        grants=(),
        registry=Registry(host="x"),
    )


async def keep(clouds: Clouds, yard: Yard, why: str | None) -> None:
    async def is_frozen(_environment: str) -> str | None:
        return why

    one = catalog(yard)
    await Doors(clouds, lambda: replace(one, services={"hello": one.services["hello"]}), is_frozen).keep()


async def test_a_freeze_closes_the_door_and_its_end_opens_it(clouds: Clouds, yard: Yard) -> None:
    stage = yard.pipelines.known["hello"].stage("Deploy")
    await keep(clouds, yard, None)
    assert stage.reason == ""
    await keep(clouds, yard, "frozen by UANA because: promoção de Natal; até <segunda>!")
    await keep(clouds, yard, "frozen by UANA because: promoção de Natal; até <segunda>!")
    assert stage.reason == "Estiva - frozen by UANA because promocao de Natal ate segunda !"
    await keep(clouds, yard, None)
    await keep(clouds, yard, None)
    assert stage.reason == ""
    assert yard.server.count("DisableStageTransition") == yard.server.count("EnableStageTransition") == 1


async def test_what_others_closed_stays_as_it_is(clouds: Clouds, yard: Yard) -> None:
    stage = yard.pipelines.known["hello"].stage("Deploy")
    stage.reason = "an incident"
    await keep(clouds, yard, "frozen by UANA")
    await keep(clouds, yard, None)
    assert stage.reason == "an incident"


async def test_one_that_cannot_be_reached_keeps_no_other_open(clouds: Clouds, yard: Yard) -> None:
    async def is_frozen(_environment: str) -> str | None:
        return "frozen by UANA"

    known = catalog(yard)
    assert [door.pipeline for door in doors_of(known)] == ["ghost", "hello"]
    with pytest.raises(ActionFailed) as raised:
        await Doors(clouds, lambda: known, is_frozen).keep()
    assert raised.value.error == "no_pipeline"
    assert yard.pipelines.known["hello"].stage("Deploy").reason == "Estiva - frozen by UANA"


async def test_people_and_the_catalog_freeze(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path)
    sale = (Freeze(environment="production", dates=((date(2026, 12, 24), date(2026, 12, 26)),), reason="holidays"),)
    now = datetime(2026, 12, 25, tzinfo=UTC)
    try:
        by_catalog = frozen_in(store, lambda: sale, lambda: now)
        assert await by_catalog("production") == "frozen by the catalog holidays"
        assert await by_catalog("homolog") is None
        by_people = frozen_in(store, tuple, lambda: now)
        lock = await store.holds.take(HoldKind.LOCK, None, "production", "UANA", "tests")
        assert lock.ok
        assert await by_people("production") is None, "a lock keeps others out, and its owner not"
        freeze = await store.holds.take(HoldKind.FREEZE, None, "production", "UANA", "the sale")
        assert await by_people("production") == "frozen by UANA the sale"
        await store.holds.release(freeze.hold.id, "UANA")
        assert await by_people("production") is None
    finally:
        await store.close()
