"""One piece of work on stacks, in a process of its own that may be killed: `infra_scene.py <JSON>`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from runners.aws.infra.runner import CloudFormationRunner
from runners.aws.session import Clouds
from runners.contract import Work
from storage.model.catalog import Environment, Registry, Service
from storage.model.cloud import Aws
from tests.runners.bench import Notes


async def play(given: dict[str, Any]) -> None:
    clouds, said = Clouds(), given["work"]
    runner = CloudFormationRunner(clouds, pace=given["pace"])
    work = Work(
        **{**said, "workspace": Path(said["workspace"])},
        attempt=1,
        service=Service(name="hello", repository="unused", image="hello"),
        environment=Environment(name="production", target="ecs", aws=Aws(**given["aws"])),
        registry=Registry(host="registry.example.com"),
    )
    if given["scene"] == "stop":
        await runner.stop(work)
    else:
        print(json.dumps(dict((await runner.run(work, Notes())).artifacts)))
    clouds.close()


if __name__ == "__main__":
    asyncio.run(play(json.loads(sys.argv[1])))
