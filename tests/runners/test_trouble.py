"""When the engine or its machine is in trouble it is nobody's work that failed: told as ours, with what to do."""

import uuid
from typing import Any

import pytest
from docker.types import IPAMConfig, IPAMPool

from runners.command import CommandRunner
from runners.containers import EngineUnavailable
from runners.contract import ActionFailed
from runners.trouble import trouble_in
from storage.model.catalog import Json
from tests.runners.bench import Bench, Notes

IMAGE = "estiva/busybox:base"
BUSYBOX: dict[str, Json] = {"image": IMAGE, "run": ["true"]}


@pytest.mark.docker
async def test_a_network_without_a_free_address_is_the_machines_trouble(
    bench: Bench, engine: Any, notes: Notes
) -> None:
    name, ours = f"{bench.containers.namespace}-full", bench.containers
    # four addresses: the network's own, the gateway's, one for a container, the broadcast's
    pool = IPAMPool(subnet=f"10.{uuid.uuid4().int % 50 + 200}.{uuid.uuid4().int % 256}.0/30")
    engine.create_network(name, driver="bridge", labels=ours.labels(), ipam=IPAMConfig(pool_configs=[pool]))
    host = engine.create_host_config(network_mode=name)
    taken = engine.create_container(IMAGE, ["sleep", "60"], labels=ours.labels(role="x"), host_config=host)
    engine.start(taken["Id"])
    work = bench.work({**BUSYBOX, "network": name})
    with pytest.raises(EngineUnavailable, match=r"cannot do its part.*no available IPv4.*journalctl -u docker"):
        await CommandRunner(ours).run(work, notes)
    assert not engine.containers(all=True, filters=ours.filters(role="job")), "nothing is left behind"
    engine.remove_container(taken["Id"], force=True)
    engine.remove_network(name)


@pytest.mark.docker
async def test_a_network_that_is_not_there_is_named_and_no_image(bench: Bench, engine: Any, notes: Notes) -> None:
    with pytest.raises(ActionFailed, match=r"cannot start: network estiva-nowhere not found"):
        await CommandRunner(bench.containers).run(bench.work({**BUSYBOX, "network": "estiva-nowhere"}), notes)
    assert not engine.containers(all=True, filters=bench.containers.filters(role="job"))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "failed to create endpoint gifted_pike on network bridge: could not find bridge docker0: no such interface",
            "cannot do its part",
        ),
        ("write /var/lib/docker/tmp/x: no space left on device", "no room left"),
    ],
)
def test_what_the_engine_says_of_itself_in_a_build_is_no_failure_of_the_build(said: str, told: str) -> None:
    found = trouble_in(said)
    assert found is not None
    assert told in found.reason
    assert "then retry" in found.reason


@pytest.mark.parametrize(
    "said",
    [
        "The command '/bin/sh -c iptables -L docker0' returned a non-zero code: 1",
        "COPY failed: file not found in build context",
        "dockerfile parse error line 3: unknown instruction: NONSENSE",
    ],
)
def test_what_a_dockerfile_does_wrong_stays_its_own(said: str) -> None:
    assert trouble_in(said) is None
