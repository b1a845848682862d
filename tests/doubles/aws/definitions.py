"""Task definitions of ECS, and tags."""

import copy
from typing import Any

from tests.doubles.aws.server import ACCOUNT, REGION, Identity, Server
from tests.doubles.aws.wire import Asked, Refusal, model_of

ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"


class Definitions:
    """`definitions` (ARN -> as described), `tags` (by ARN)."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.definitions: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        names = ("DescribeTaskDefinition", "ListTaskDefinitions", "RegisterTaskDefinition", "TagResource")
        server.handlers |= {("ecs", name): getattr(self, f"_{name}") for name in names}

    def define(self, family: str, containers: list[dict[str, Any]], **more: Any) -> str:
        """Register a task definition as an operator would."""
        return str(
            self._registered({"family": family, "containerDefinitions": containers, **more})["taskDefinitionArn"]
        )

    def find(self, name: str) -> dict[str, Any]:
        arn = name if name.startswith("arn:") else f"{ECS}:task-definition/{name}"
        if arn not in self.definitions:
            raise Refusal("ClientException", "Unable to describe task definition.")
        return self.definitions[arn]

    def _DescribeTaskDefinition(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        definition = self.find(asked.given["taskDefinition"])
        tags = self.tags.get(definition["taskDefinitionArn"], {})
        shown = [{"key": key, "value": value} for key, value in tags.items()]
        return {"taskDefinition": definition, "tags": shown if "TAGS" in asked.given.get("include", []) else []}

    def _ListTaskDefinitions(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        family = asked.given["familyPrefix"]
        mine = [
            arn for arn, each in self.definitions.items() if each["family"] == family and each["status"] == "ACTIVE"
        ]
        mine.sort(key=lambda arn: self.definitions[arn]["revision"], reverse=asked.given.get("sort") == "DESC")
        return {"taskDefinitionArns": mine[: asked.given.get("maxResults", 100)]}

    def _RegisterTaskDefinition(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        given = copy.deepcopy(asked.given)
        tags = given.pop("tags", None)
        if tags is not None and not tags:
            raise Refusal("InvalidParameterException", "Tags can not be empty.")
        for tag in tags or []:
            if tag["key"].lower().startswith("aws:") or len(tag["value"]) > 256:
                raise Refusal("InvalidParameterException", f"Tag {tag['key']} is not allowed.")
        for container in given["containerDefinitions"]:
            names = [each["name"] for each in container.get("environment", []) + container.get("secrets", [])]
            if len(names) != len(set(names)):
                raise Refusal(
                    "ClientException", "The secret name must be unique and not shared with any new or existing"
                )
        made = self._registered(given)
        self.tags[made["taskDefinitionArn"]] = {tag["key"]: tag["value"] for tag in tags or []}
        return {"taskDefinition": made, "tags": tags or []}

    def _registered(self, given: dict[str, Any]) -> dict[str, Any]:
        members = model_of("ecs").operation_model("RegisterTaskDefinition").input_shape.members
        assert not set(given) - set(members)
        number = 1 + sum(each["family"] == given["family"] for each in self.definitions.values())
        arn = f"{ECS}:task-definition/{given['family']}:{number}"
        self.definitions[arn] = {
            **given,
            "taskDefinitionArn": arn,
            "revision": number,
            "status": "ACTIVE",
            "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}],
            "compatibilities": ["EC2", "FARGATE"],
            "registeredAt": self._server.clock.now(),
            "registeredBy": f"arn:aws:iam::{ACCOUNT}:user/estiva",
        }
        return self.definitions[arn]

    def _TagResource(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        tags = {tag["key"]: tag["value"] for tag in asked.given["tags"]}
        self.tags.setdefault(asked.given["resourceArn"], {}).update(tags)
        return {}
