"""The cluster `web` on ministack, with services whose tasks are real containers, of images in its ECR."""

import asyncio
import io
import json
import tarfile
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.doubles.aws.server import REGION
from tests.ministack.emulator import Emulator

LOGS = "/ecs/web"
_BASE = "estiva/busybox:base"
SERVES, FAILS = "trap 'exit 0' TERM; httpd -f -p 8000 -h /www & wait", "exit 3"


@dataclass
class Cluster:
    """What is in it is asked over AWS's API, and what runs of the engine."""

    emulator: Emulator

    def __post_init__(self) -> None:
        self.ecs, self.ecr, self.logs = (self.emulator.client(name) for name in ("ecs", "ecr", "logs"))
        self.ecs.create_cluster(clusterName="web")
        self.logs.create_log_group(logGroupName=LOGS)

    def image(self, text: str, repository: str = "hello", does: str = SERVES, migrates: str = "exit 0") -> str:
        """Make an image that says `text`, and push it to a repository; gives its digest."""
        if repository not in self.repositories():
            self.ecr.create_repository(repositoryName=repository, imageTagMutability="IMMUTABLE")
        name, engine = f"{self.emulator.host}/{repository}", self.emulator.engine
        # not by the builder, which fails now and then when an image of the same base is removed beside it
        container = engine.create_container(_BASE, labels=self.emulator.labels)
        script = f"#!/bin/sh\necho moved {text}\n{migrates}\n"
        engine.put_archive(container, "/", _packed({"bin/migrate": script, "www/index.html": f"I am {text}\n"}))
        command = json.dumps(["sh", "-c", f"echo 'this is {text}'; {does}"])
        engine.commit(container, name, text, changes=[f"CMD {command}"])
        engine.remove_container(container)
        said = list(engine.push(name, tag=text, stream=True, decode=True))
        assert not any("error" in line for line in said), said
        return str(next(line["aux"]["Digest"] for line in said if "Digest" in line.get("aux", {})))

    def repositories(self) -> list[str]:
        return [each["repositoryName"] for each in self.ecr.describe_repositories()["repositories"]]

    def serve(self, name: str, image: str, *, breaker: bool = True) -> None:
        """Have a service that runs `image` in a container of its name; without a breaker a rollout may never end."""
        options = {"awslogs-group": LOGS, "awslogs-region": REGION, "awslogs-stream-prefix": "app"}
        container = {
            "name": name,
            "image": image,
            "memory": 128,
            "portMappings": [{"containerPort": 8000, "hostPort": 0}],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
        }
        made = self.ecs.register_task_definition(family=name, networkMode="bridge", containerDefinitions=[container])
        self.ecs.create_service(
            cluster="web",
            serviceName=name,
            taskDefinition=made["taskDefinition"]["taskDefinitionArn"],
            desiredCount=1,
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": breaker, "rollback": breaker},
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
            },
        )

    def service(self, name: str) -> dict[str, Any]:
        (found,) = self.ecs.describe_services(cluster="web", services=[name])["services"]
        return dict(found)

    def primary(self, name: str) -> dict[str, Any]:
        """Its newest deployment."""
        return next(each for each in self.service(name)["deployments"] if each["status"] == "PRIMARY")

    def begun(self, name: str) -> int:
        """How many deployments were begun since it was made: of each, ministack says that it drains the one before."""
        return sum("has begun draining" in event["message"] for event in self.service(name)["events"])

    def revisions(self, family: str) -> list[str]:
        """All that were ever registered: `hello:1`."""
        listed = self.ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]
        return [arn.rpartition("/")[2] for arn in listed]

    def runs(self, name: str) -> list[str]:
        """Images of the containers that run, as the engine has them; what ended by itself stays there for a while."""
        there = self.emulator.containers(container_name=name)
        return sorted(each["Image"] for each in there if each["State"] == "running")

    def answers(self, name: str) -> str:
        """Ask one of its containers over HTTP, at the port that the engine has given it."""
        ports = (port for each in self.emulator.containers(container_name=name) for port in each["Ports"])
        port = next(each["PublicPort"] for each in ports if each["PrivatePort"] == 8000)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return str(answer.read().decode())

    async def until(self, seen: Callable[[], bool], seconds: float = 60) -> None:
        """Wait for what comes of itself."""
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(seen):  # noqa: ASYNC110 - another program's state
                await asyncio.sleep(0.1)


def _packed(files: Mapping[str, str]) -> bytes:
    """Pack files that may be run."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o755
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()
