"""The cluster `web` on ministack, with services whose tasks are real containers, of images in its ECR."""

import io
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.aws.server import REGION
from tests.ministack.emulator import Emulator

LOGS = "/ecs/web"
_DOCKERFILE = """\
FROM estiva/busybox:base
LABEL estiva.test={instance}
RUN printf '#!/bin/sh\\necho moved %s\\nsleep 1\\nexit {migrates}\\n' '{text}' > /bin/migrate && chmod +x /bin/migrate
RUN mkdir /www && echo 'I am {text}' > /www/index.html
CMD ["sh", "-c", "echo 'this is {text}'; {does}"]
"""
SERVES, FAILS = "exec httpd -f -p 8000 -h /www", "sleep 1; exit 3"


@dataclass
class Cluster:
    """What is in it is asked over AWS's API, and what runs of the engine."""

    emulator: Emulator
    _made: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ecs, self.ecr, self.logs = (self.emulator.client(name) for name in ("ecs", "ecr", "logs"))
        self.ecs.create_cluster(clusterName="web")
        self.logs.create_log_group(logGroupName=LOGS)

    def image(self, text: str, repository: str = "hello", does: str = SERVES, migrates: int = 0) -> str:
        """Build an image that says `text`, and push it to a repository; gives its digest."""
        if repository not in self.repositories():
            self.ecr.create_repository(repositoryName=repository, imageTagMutability="IMMUTABLE")
        name, engine = f"{self.emulator.host}/{repository}", self.emulator.engine
        file = _DOCKERFILE.format(text=text, does=does, migrates=migrates, instance=self.emulator.instance)
        *_, last = engine.build(fileobj=io.BytesIO(file.encode()), tag=f"{name}:{text}", rm=True, decode=True)
        assert "error" not in last, last
        said = list(engine.push(name, tag=text, stream=True, decode=True))
        assert not any("error" in line for line in said), said
        return str(next(line["aux"]["Digest"] for line in said if "Digest" in line.get("aux", {})))

    def repositories(self) -> list[str]:
        return [each["repositoryName"] for each in self.ecr.describe_repositories()["repositories"]]

    def serve(self, name: str, image: str, count: int = 1) -> None:
        """Have a service that runs `image` in a container of its name."""
        options = {"awslogs-group": LOGS, "awslogs-region": REGION, "awslogs-stream-prefix": "app"}
        container = {
            "name": name,
            "image": image,
            "memory": 128,
            "portMappings": [{"containerPort": 8000, "hostPort": 0}],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
        }
        made = self.ecs.register_task_definition(family=name, networkMode="bridge", containerDefinitions=[container])
        breaker = {"enable": True, "rollback": True}
        self.ecs.create_service(
            cluster="web",
            serviceName=name,
            taskDefinition=made["taskDefinition"]["taskDefinitionArn"],
            desiredCount=count,
            deploymentConfiguration={
                "deploymentCircuitBreaker": breaker,
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

    def running(self, name: str) -> list[str]:
        """Images of the containers that run now, as the engine has them."""
        return sorted(each["Image"] for each in self._containers(name))

    def answers(self, name: str) -> str:
        """Ask one of its containers over HTTP, at the port that the engine has given it."""
        ports = self._containers(name)[0]["Ports"]
        port = next(each["PublicPort"] for each in ports if each["PrivatePort"] == 8000)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return str(answer.read().decode())

    def remove_images(self) -> None:
        ours = {"label": f"estiva.test={self.emulator.instance}"}
        for image in self.emulator.engine.images(filters=ours):
            self.emulator.engine.remove_image(image["Id"], force=True)

    def _containers(self, name: str) -> list[dict[str, Any]]:
        return [each for each in self.emulator.containers(container_name=name) if each["State"] == "running"]
