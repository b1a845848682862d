"""ECS: clusters, services and task definitions; deployments that go as AWS documents it, in the server's own time.

How a deployment goes is scripted by its image: `behaviours[digest]`. Rollouts move on when somebody looks.
"""

import copy
import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.doubles.aws.server import ACCOUNT, REGION, Identity, Server
from tests.doubles.aws.wire import Asked, Refusal, model_of

_ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
_READ_ONLY = {
    *("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt"),
    *("registeredBy", "deregisteredAt", "deleteRequestedAt"),
}


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the tasks of an image do. Times are seconds of AWS's."""

    starts: float = 20
    """Until the new tasks run."""
    steady: float = 60
    """Until the old ones are gone and the deployment is completed."""
    fails: dict[str, Any] | None = None
    """What a task and its container say at their end; a task ends every `starts` seconds."""
    log: tuple[str, ...] = ()
    """What a task that ends has written."""
    alarm_at: float | None = None
    vanishes_at: float | None = None
    """When somebody else deploys the revision before it."""


EXITS = {
    "stopCode": "EssentialContainerExited",
    "stoppedReason": "Essential container in task exited",
    "container": {"exitCode": 3},
}


@dataclass
class Deployment:
    id: str
    arn: str
    task_definition: str
    created: datetime
    desired: int
    behaviour: Behaviour
    running: int = 0
    pending: int = 0
    failed: int = 0
    rollout: str = "IN_PROGRESS"
    reason: str = ""
    outcome: str = "IN_PROGRESS"
    """As the API of service deployments has it."""
    finished: datetime | None = None
    listed: bool = True
    scaled: datetime | None = None


@dataclass
class Service:
    name: str
    cluster: str
    desired: int
    deployments: list[Deployment]
    """All there were, oldest first."""
    breaker: bool = True
    rollback: bool = True
    more: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    status: str = "ACTIVE"

    @property
    def primary(self) -> Deployment:
        return self.deployments[-1]


class Tasks:
    """`services`, `definitions` (ARN -> as described), `tags` (by ARN), `clusters`: change them as a test needs."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._number = itertools.count(9_223_370_000_000_000_001)
        self.clusters = {"web": "ACTIVE"}
        self.services: dict[tuple[str, str], Service] = {}
        self.definitions: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.behaviours: dict[str, Behaviour] = {}
        self.logs: dict[tuple[str, str], list[str]] = {}
        self.log_groups: set[str] = {"/ecs/hello"}
        names = (
            *("DescribeClusters", "DescribeServices", "DescribeTaskDefinition", "ListTaskDefinitions"),
            *("RegisterTaskDefinition", "UpdateService", "TagResource", "ListTasks", "DescribeTasks"),
            *("ListServiceDeployments", "DescribeServiceRevisions", "StopServiceDeployment"),
        )
        server.handlers |= {("ecs", name): getattr(self, f"_{name}") for name in names}
        server.handlers |= {
            ("logs", "GetLogEvents"): self._GetLogEvents,
            ("logs", "DescribeLogGroups"): self._DescribeLogGroups,
        }

    # what tests set up

    def define(self, family: str, containers: list[dict[str, Any]], **more: Any) -> str:
        """Register a task definition as an operator would."""
        return str(
            self._registered({"family": family, "containerDefinitions": containers, **more})["taskDefinitionArn"]
        )

    def serve(self, name: str, definition: str, *, desired: int = 2, cluster: str = "web", **more: Any) -> Service:
        """Have a service that runs steadily, with a deployment behind it that took its time."""
        service = Service(name, cluster, desired, [], **more)
        self.services[cluster, name] = service
        first = self.deploy(service, definition)
        first.created -= timedelta(seconds=3600)
        first.rollout, first.outcome, first.running = "COMPLETED", "SUCCESSFUL", desired
        first.finished = first.created + timedelta(seconds=first.behaviour.steady)
        return service

    def run_task(self, service: Service, log: list[str]) -> None:
        """Have a task that runs, and has written this."""
        task = f"{len(service.tasks):032x}"
        service.tasks.append({"taskArn": f"{_ECS}:task/{service.cluster}/{task}", "desiredStatus": "RUNNING"})
        self.logs["/ecs/hello", f"app/hello/{task}"] = log

    # rollouts

    def deploy(self, service: Service, definition: str) -> Deployment:
        """Begin a deployment, as Estiva or somebody else does."""
        number = next(self._number)
        images = " ".join(each["image"] for each in self.definitions[definition]["containerDefinitions"])
        behaviour = next((b for digest, b in self.behaviours.items() if digest in images), Behaviour())
        arn = f"{_ECS}:service-deployment/{service.cluster}/{service.name}/{number}"
        deployment = Deployment(f"ecs-svc/{number}", arn, definition, self._now(), service.desired, behaviour)
        deployment.pending = service.desired
        service.deployments.append(deployment)
        return deployment

    def _now(self) -> datetime:
        return self._server.clock.now()

    def _move(self, service: Service) -> None:
        now = self._now()
        primary = service.primary
        age = (now - primary.created).total_seconds()
        behaviour = primary.behaviour
        if primary.scaled and (now - primary.scaled).total_seconds() >= behaviour.starts:
            primary.running, primary.pending, primary.scaled = primary.desired, 0, None
        if primary.rollout != "IN_PROGRESS":
            return
        if behaviour.vanishes_at is not None and age >= behaviour.vanishes_at:
            self._over(service, primary, "FAILED", "", "STOPPED")
            primary.listed = False
            self.deploy(service, self._before(service, primary).task_definition)
        elif behaviour.alarm_at is not None and age >= behaviour.alarm_at:
            self._broken(service, primary, "ECS deployment failed: alarm detected.")
        elif behaviour.fails is not None:
            self._fail(service, primary, int(age // behaviour.starts))
        elif age >= behaviour.steady:
            primary.running, primary.pending = primary.desired, 0
            self._over(service, primary, "COMPLETED", "ECS deployment completed.", "SUCCESSFUL")
            primary.finished = primary.created + timedelta(seconds=behaviour.steady)  # not when somebody looked
            for old in service.deployments[:-1]:
                old.running, old.listed = 0, False
            self._say(service, f"(service {service.name}) has reached a steady state.")
        elif age >= behaviour.starts and primary.pending:
            primary.running, primary.pending = primary.desired, 0
            self._say(service, f"(service {service.name}) has started {primary.desired} tasks: (task x).")

    def _fail(self, service: Service, primary: Deployment, times: int) -> None:
        assert primary.behaviour.fails is not None
        while primary.failed < times and primary.rollout == "IN_PROGRESS":
            primary.failed += 1
            self._stop_task(service, primary)
            if service.breaker and primary.failed >= 3:
                self._broken(service, primary, "ECS deployment circuit breaker: tasks failed to start.")

    def _broken(self, service: Service, primary: Deployment, reason: str) -> None:
        outcome = "ROLLBACK_IN_PROGRESS" if service.rollback else "STOPPED"
        self._over(service, primary, "FAILED", reason, outcome)
        self._say(
            service, f"(service {service.name}) (deployment {primary.id}) deployment failed: tasks failed to start."
        )
        if service.rollback:
            back = self.deploy(service, self._before(service, primary).task_definition)
            self._say(service, f"(service {service.name}) rolling back to deployment {back.id}.")

    def _before(self, service: Service, deployment: Deployment) -> Deployment:
        return next(d for d in reversed(service.deployments) if d.outcome == "SUCCESSFUL" and d is not deployment)

    def _over(self, service: Service, deployment: Deployment, rollout: str, reason: str, outcome: str) -> None:
        deployment.rollout, deployment.reason, deployment.outcome = rollout, reason, outcome
        deployment.finished, deployment.pending = self._now(), 0

    def _stop_task(self, service: Service, deployment: Deployment) -> None:
        assert deployment.behaviour.fails is not None
        end = copy.deepcopy(deployment.behaviour.fails)
        container = end.pop("container")
        number = len(service.tasks)
        task = f"{number:032x}"
        definition = self.definitions[deployment.task_definition]
        name = definition["containerDefinitions"][0]["name"]
        service.tasks.append(
            {
                "taskArn": f"{_ECS}:task/{service.cluster}/{task}",
                "taskDefinitionArn": deployment.task_definition,
                "clusterArn": f"{_ECS}:cluster/{service.cluster}",
                "lastStatus": "STOPPED",
                "desiredStatus": "STOPPED",
                "startedBy": deployment.id,
                "createdAt": self._now(),
                "stoppedAt": self._now() + timedelta(milliseconds=number),
                "containers": [{"name": name, "lastStatus": "STOPPED", **container}],
                **end,
            }
        )
        if deployment.behaviour.log:
            options = definition["containerDefinitions"][0]["logConfiguration"]["options"]
            stream = f"{options['awslogs-stream-prefix']}/{name}/{task}"
            self.logs[options["awslogs-group"], stream] = list(deployment.behaviour.log)

    def _say(self, service: Service, text: str) -> None:
        event = {"id": f"event-{len(service.events)}", "createdAt": self._now(), "message": text}
        service.events.insert(0, event)

    # what is asked

    def _cluster(self, asked: Asked) -> str:
        name = str(asked.given.get("cluster", "default")).rpartition("/")[2]
        if name not in self.clusters:
            raise Refusal("ClusterNotFoundException", "Cluster not found.")
        return name

    def _find(self, asked: Asked) -> Service:
        known = (self._cluster(asked), asked.given.get("service") or asked.given.get("serviceName"))
        if known not in self.services:
            raise Refusal("ServiceNotFoundException", "Service not found.")
        return self.services[known]

    def _DescribeClusters(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802 - as AWS names it
        found = [name for name in asked.given["clusters"] if name in self.clusters]
        clusters = [
            {"clusterArn": f"{_ECS}:cluster/{name}", "clusterName": name, "status": self.clusters[name]}
            for name in found
        ]
        missing = [{"arn": name, "reason": "MISSING"} for name in asked.given["clusters"] if name not in self.clusters]
        return {"clusters": clusters, "failures": missing}

    def _DescribeServices(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        cluster = self._cluster(asked)
        known = [self.services.get((cluster, name)) for name in asked.given["services"]]
        for service in known:
            if service is not None:
                self._move(service)
        missing = [
            {"arn": f"{_ECS}:service/{cluster}/{name}", "reason": "MISSING"}
            for name in asked.given["services"]
            if (cluster, name) not in self.services
        ]
        return {"services": [self._shown(service) for service in known if service is not None], "failures": missing}

    def _shown(self, service: Service) -> dict[str, Any]:
        listed = [each for each in service.deployments if each.listed]
        settings: dict[str, Any] = {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING"}
        settings["deploymentCircuitBreaker"] = {"enable": service.breaker, "rollback": service.rollback}
        shown: dict[str, Any] = {
            "serviceArn": f"{_ECS}:service/{service.cluster}/{service.name}",
            "serviceName": service.name,
            "clusterArn": f"{_ECS}:cluster/{service.cluster}",
            "status": service.status,
            "desiredCount": service.desired,
            "runningCount": sum(each.running for each in listed),
            "pendingCount": sum(each.pending for each in listed),
            "taskDefinition": service.primary.task_definition,
            "deploymentConfiguration": settings,
            "deploymentController": {"type": "ECS"},
            "deployments": [self._deployment(each, service) for each in reversed(listed)],
            "events": service.events[:100],
            "createdAt": service.deployments[0].created,
        }
        for name, value in service.more.items():
            shown[name] = {**shown[name], **value} if name == "deploymentConfiguration" else value
        return shown

    def _deployment(self, each: Deployment, service: Service) -> dict[str, Any]:
        return {
            "id": each.id,
            "status": "PRIMARY" if each is service.primary else "ACTIVE",
            "taskDefinition": each.task_definition,
            "desiredCount": each.desired,
            "pendingCount": each.pending,
            "runningCount": each.running,
            "failedTasks": each.failed,
            "createdAt": each.created,
            "updatedAt": each.finished or each.created,
            "rolloutState": each.rollout,
            "rolloutStateReason": each.reason or f"ECS deployment {each.id} in progress.",
        }

    def _definition(self, name: str) -> dict[str, Any]:
        arn = name if name.startswith("arn:") else f"{_ECS}:task-definition/{name}"
        if arn not in self.definitions:
            raise Refusal("ClientException", "Unable to describe task definition.")
        return self.definitions[arn]

    def _DescribeTaskDefinition(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        definition = self._definition(asked.given["taskDefinition"])
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
        arn = f"{_ECS}:task-definition/{given['family']}:{number}"
        self.definitions[arn] = {
            **given,
            "taskDefinitionArn": arn,
            "revision": number,
            "status": "ACTIVE",
            "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}],
            "compatibilities": ["EC2", "FARGATE"],
            "registeredAt": self._now(),
            "registeredBy": f"arn:aws:iam::{ACCOUNT}:user/estiva",
        }
        return self.definitions[arn]

    def _UpdateService(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        service = self._find(asked)
        if service.status != "ACTIVE":
            raise Refusal("ServiceNotActiveException", "Service was not ACTIVE.")
        self._move(service)
        if "desiredCount" in asked.given:
            primary = service.primary
            service.desired = primary.desired = asked.given["desiredCount"]
            primary.running, primary.scaled = min(primary.running, service.desired), self._now()
            primary.pending = service.desired - primary.running
        wanted = asked.given.get("taskDefinition")
        if wanted:
            definition = self._definition(wanted)
            if definition["taskDefinitionArn"] != service.primary.task_definition or asked.given.get(
                "forceNewDeployment"
            ):
                if service.primary.rollout == "IN_PROGRESS":
                    self._over(service, service.primary, "IN_PROGRESS", "", "STOPPED")
                self.deploy(service, definition["taskDefinitionArn"])
        return {"service": self._shown(service)}

    def _TagResource(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        tags = {tag["key"]: tag["value"] for tag in asked.given["tags"]}
        self.tags.setdefault(asked.given["resourceArn"], {}).update(tags)
        return {}

    def _ListTasks(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        service = self._find(asked)
        wanted = asked.given.get("desiredStatus", "RUNNING")
        stopped = [task["taskArn"] for task in service.tasks if task["desiredStatus"] == wanted]
        return {"taskArns": stopped[: asked.given.get("maxResults", 100)]}

    def _DescribeTasks(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        every = [task for service in self.services.values() for task in service.tasks]
        return {"tasks": [task for task in every if task["taskArn"] in asked.given["tasks"]], "failures": []}

    def _ListServiceDeployments(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        service, wanted = self._find(asked), asked.given.get("status")
        self._move(service)
        after = asked.given.get("createdAt", {}).get("after", 0)
        found = [
            self._brief(service, each)
            for each in reversed(service.deployments)
            if (wanted is None or each.outcome in wanted) and each.created.timestamp() >= after
        ]
        return {"serviceDeployments": found[: asked.given.get("maxResults", 100)]}

    def _brief(self, service: Service, each: Deployment) -> dict[str, Any]:
        brief = {
            "serviceDeploymentArn": each.arn,
            "serviceArn": f"{_ECS}:service/{service.cluster}/{service.name}",
            "clusterArn": f"{_ECS}:cluster/{service.cluster}",
            "startedAt": each.created,
            "createdAt": each.created,
            "targetServiceRevisionArn": each.arn.replace("service-deployment", "service-revision"),
            "status": each.outcome,
        }
        return {**brief, "finishedAt": each.finished} if each.finished else brief

    def _DescribeServiceRevisions(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        every = {
            each.arn.replace("service-deployment", "service-revision"): each
            for service in self.services.values()
            for each in service.deployments
        }
        return {
            "serviceRevisions": [
                {"serviceRevisionArn": arn, "taskDefinition": every[arn].task_definition}
                for arn in asked.given["serviceRevisionArns"]
            ],
            "failures": [],
        }

    def _StopServiceDeployment(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        arn = asked.given["serviceDeploymentArn"]
        service = next(s for s in self.services.values() if any(d.arn == arn for d in s.deployments))
        deployment = next(each for each in service.deployments if each.arn == arn)
        if deployment.outcome != "IN_PROGRESS":
            raise Refusal("ConflictException", "The service deployment is not in a state that can be stopped.")
        self._over(service, deployment, "FAILED", "ECS deployment stopped.", "ROLLBACK_IN_PROGRESS")
        self.deploy(service, self._before(service, deployment).task_definition)
        return {"serviceDeploymentArn": arn}

    def _GetLogEvents(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        known = self.logs.get((asked.given["logGroupName"], asked.given["logStreamName"]))
        if known is None:
            raise Refusal("ResourceNotFoundException", "The specified log stream does not exist.")
        events = [{"message": line, "timestamp": 1_790_000_000_000 + n} for n, line in enumerate(known)]
        return {"events": events[-asked.given.get("limit", 10_000) :], "nextForwardToken": "f/1"}

    def _DescribeLogGroups(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        prefix = asked.given.get("logGroupNamePrefix", "")
        return {"logGroups": [{"logGroupName": name} for name in sorted(self.log_groups) if name.startswith(prefix)]}
