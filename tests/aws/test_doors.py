"""A freeze closes the doors of pipelines, and its end opens them again; what others closed stays closed."""

from dataclasses import replace

import pytest

from runners.aws.codepipeline.doors import Doors, doors_of
from runners.aws.session import Clouds
from runners.contract import ActionFailed
from storage.model.catalog import Action, Catalog, Registry, Service, Stage
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


async def test_what_is_wrong_with_a_door_is_logged_once(
    clouds: Clouds, yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    async def is_frozen(_environment: str) -> str | None:
        return None

    known = catalog(yard)
    doors = Doors(clouds, lambda: known, is_frozen)
    del yard.pipelines.known["hello"].stages[1:]
    for _ in range(3):
        with pytest.raises(ActionFailed):
            await doors.keep()
    said = [each.getMessage() for each in caplog.records if each.name == "runners.aws.codepipeline.doors"]
    assert [text.partition(": ")[0] for text in said] == [
        "the door of Deploy in ghost",
        "the door of Deploy in hello",
    ]
    yard.pipelines.add("ghost", *yard.pipelines.known["hello"].stages)
    await doors.keep()
    assert "no such stage" in caplog.records[-1].getMessage(), "another problem is another line"
