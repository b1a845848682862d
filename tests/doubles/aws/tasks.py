"""ECS: clusters, services and task definitions; deployments that go as AWS documents it, in the server's own time.

How a deployment goes is scripted by its image: `behaviours[digest]`. Rollouts move on when somebody looks.
"""

import copy
import itertools
from datetime import datetime, timedelta
from typing import Any

from tests.doubles.aws.definitions import ECS, Definitions
from tests.doubles.aws.jobs import Jobs
from tests.doubles.aws.logs import Logs
from tests.doubles.aws.rollouts import EXITS, Behaviour, Deployment, Service
from tests.doubles.aws.server import Identity, Server
from tests.doubles.aws.stages import ORDER, Staged, check
from tests.doubles.aws.wire import Asked, Refusal

__all__ = ["EXITS", "Behaviour", "Deployment", "Service", "Tasks"]


class Tasks:
    """`services`, `definitions` (ARN -> as described), `tags` (by ARN), `clusters`: change them as a test needs."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._number = itertools.count(9_223_370_000_000_000_001)
        self.clusters = {"web": "ACTIVE"}
        self.services: dict[tuple[str, str], Service] = {}
        self.behaviours: dict[str, Behaviour] = {}
        self._kept, logs = Definitions(server), Logs(server)
        self.definitions, self.tags, self.define = self._kept.definitions, self._kept.tags, self._kept.define
        self.logs, self.log_groups = logs.streams, logs.groups
        self.jobs = Jobs(server, self._kept, logs)
        names = (
            *("DescribeClusters", "DescribeServices", "UpdateService", "ListTasks", "DescribeTasks"),
            *("ListServiceDeployments", "DescribeServiceRevisions", "StopServiceDeployment"),
            *("DescribeServiceDeployments", "ContinueServiceDeployment"),
        )
        server.handlers |= {("ecs", name): getattr(self, f"_{name}") for name in names}

    # what tests set up

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
        service.tasks.append({"taskArn": f"{ECS}:task/{service.cluster}/{task}", "desiredStatus": "RUNNING"})
        self.logs["/ecs/hello", f"app/hello/{task}"] = log

    def updated(self, cluster: str, name: str, definition: str) -> None:
        """Give a service a revision as CloudFormation does: the service is made when there is none."""
        service = self.services.get((cluster, name))
        if service is None:
            self.serve(name, definition, cluster=cluster)
        elif service.primary.task_definition != definition:
            self.deploy(service, definition)

    def abort(self, deployment: Deployment) -> None:
        """Stop a deployment as somebody does in ECS, without going back."""
        service = next(each for each in self.services.values() if deployment in each.deployments)
        self._over(service, deployment, "FAILED", "ECS deployment stopped.", "STOPPED")

    # rollouts

    def deploy(self, service: Service, definition: str, *, back: bool = False) -> Deployment:
        """Begin a deployment, as Estiva or somebody else does; ECS itself goes `back` without stages."""
        number = next(self._number)
        images = " ".join(each["image"] for each in self.definitions[definition]["containerDefinitions"])
        behaviour = next((b for digest, b in self.behaviours.items() if digest in images), Behaviour())
        arn = f"{ECS}:service-deployment/{service.cluster}/{service.name}/{number}"
        deployment = Deployment(f"ecs-svc/{number}", arn, definition, self._now(), service.desired, behaviour)
        deployment.pending = service.desired
        if service.settings["strategy"] != "ROLLING" and service.deployments and not back:
            settings = copy.deepcopy(service.settings)
            deployment.staged = Staged(settings, deployment.created, behaviour.stage, behaviour.hook_fails)
        service.deployments.append(deployment)
        return deployment

    def _now(self) -> datetime:
        return self._server.clock.now()

    def move(self, service: Service) -> None:
        """Let its deployments go as far as time allows."""
        now = self._now()
        self._go_back(service)
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
            primary.alarms = ["too-many-errors"]
            self._broken(service, primary, "ECS deployment failed: alarm detected.")
        elif behaviour.fails is not None:
            self._fail(service, primary, int(age // behaviour.starts))
        elif behaviour.unplaced:
            self._unplaced(service, behaviour.unplaced, age)
        elif primary.staged is not None:
            self._stage(service, primary, primary.staged)
        elif age >= behaviour.steady:
            self._completed(service, primary, primary.created + timedelta(seconds=behaviour.steady))
        elif age >= behaviour.starts and primary.pending:
            primary.running, primary.pending = primary.desired, 0
            self._say(service, f"(service {service.name}) has started {primary.desired} tasks: (task x).")

    def _unplaced(self, service: Service, why: str, age: float) -> None:
        """Say so once: ECS says the same again only after hours."""
        text = f"(service {service.name}) was unable to place a task because {why} For more information, see the guide."
        if age >= service.primary.behaviour.starts and not any(each["message"] == text for each in service.events):
            self._say(service, text)

    def _go_back(self, service: Service) -> None:
        for each in service.deployments:
            ended = each.finished if each.outcome == "ROLLBACK_IN_PROGRESS" else None
            if ended is not None and (self._now() - ended).total_seconds() > 5:
                each.outcome = "ROLLBACK_SUCCESSFUL"

    def _completed(self, service: Service, primary: Deployment, when: datetime) -> None:
        primary.running, primary.pending = primary.desired, 0
        self._over(service, primary, "COMPLETED", "ECS deployment completed.", "SUCCESSFUL")
        primary.finished = when  # not when somebody looked
        for old in service.deployments[:-1]:
            old.running, old.listed = 0, False
        self._say(service, f"(service {service.name}) has reached a steady state.")

    def _stage(self, service: Service, primary: Deployment, staged: Staged) -> None:
        """Let a deployment in stages go on."""
        staged.move(self._now())
        if staged.at > ORDER.index("SCALE_UP"):
            primary.running, primary.pending = primary.desired, 0
        if staged.over == "SUCCESSFUL":
            self._completed(service, primary, staged.entered + timedelta(seconds=staged.seconds))
        elif staged.over == "ROLLBACK":
            self._back(service, primary, staged.why)

    def _back(self, service: Service, primary: Deployment, why: str) -> None:
        self._over(service, primary, "FAILED", why, "ROLLBACK_IN_PROGRESS")
        self.deploy(service, self._before(service, primary).task_definition, back=True)

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
            back = self.deploy(service, self._before(service, primary).task_definition, back=True)
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
                "taskArn": f"{ECS}:task/{service.cluster}/{task}",
                "taskDefinitionArn": deployment.task_definition,
                "clusterArn": f"{ECS}:cluster/{service.cluster}",
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
            {"clusterArn": f"{ECS}:cluster/{name}", "clusterName": name, "status": self.clusters[name]}
            for name in found
        ]
        missing = [{"arn": name, "reason": "MISSING"} for name in asked.given["clusters"] if name not in self.clusters]
        return {"clusters": clusters, "failures": missing}

    def _DescribeServices(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        cluster = self._cluster(asked)
        known = [self.services.get((cluster, name)) for name in asked.given["services"]]
        for service in known:
            if service is not None:
                self.move(service)
        missing = [
            {"arn": f"{ECS}:service/{cluster}/{name}", "reason": "MISSING"}
            for name in asked.given["services"]
            if (cluster, name) not in self.services
        ]
        return {"services": [self._shown(service) for service in known if service is not None], "failures": missing}

    def _shown(self, service: Service) -> dict[str, Any]:
        listed = [each for each in service.deployments if each.listed]
        shown: dict[str, Any] = {
            "serviceArn": f"{ECS}:service/{service.cluster}/{service.name}",
            "serviceName": service.name,
            "clusterArn": f"{ECS}:cluster/{service.cluster}",
            "status": service.status,
            "desiredCount": service.desired,
            "runningCount": sum(each.running for each in listed),
            "pendingCount": sum(each.pending for each in listed),
            "taskDefinition": service.primary.task_definition,
            "deploymentConfiguration": service.settings,
            "deploymentController": {"type": "ECS"},
            "deployments": [self._deployment(each, service) for each in reversed(listed)],
            "events": service.events[:100],
            "createdAt": service.deployments[0].created,
        }
        shown |= {name: value for name, value in service.more.items() if name != "deploymentConfiguration"}
        if service.primary.rollout == "IN_PROGRESS":
            shown["currentServiceDeployment"] = service.primary.arn
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

    def _UpdateService(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        service = self._find(asked)
        if service.status != "ACTIVE":
            raise Refusal("ServiceNotActiveException", "Service was not ACTIVE.")
        self.move(service)
        if "desiredCount" in asked.given:
            primary = service.primary
            service.desired = primary.desired = asked.given["desiredCount"]
            primary.running, primary.scaled = min(primary.running, service.desired), self._now()
            primary.pending = service.desired - primary.running
        if "deploymentConfiguration" in asked.given:
            given = asked.given["deploymentConfiguration"]
            check(given, service.more)
            service.more["deploymentConfiguration"] = given
            breaker = given.get("deploymentCircuitBreaker", {})
            service.breaker, service.rollback = breaker.get("enable", False), breaker.get("rollback", False)
        wanted = asked.given.get("taskDefinition")
        if wanted:
            definition = self._kept.find(wanted)
            if definition["taskDefinitionArn"] != service.primary.task_definition or asked.given.get(
                "forceNewDeployment"
            ):
                if service.primary.rollout == "IN_PROGRESS":
                    self._over(service, service.primary, "IN_PROGRESS", "", "STOPPED")
                self.deploy(service, definition["taskDefinitionArn"])
        return {"service": self._shown(service)}

    def _ListTasks(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        if not {"serviceName", "service"} & set(asked.given):
            return self.jobs.listed(asked, self._cluster(asked))
        service = self._find(asked)
        wanted = asked.given.get("desiredStatus", "RUNNING")
        stopped = [task["taskArn"] for task in service.tasks if task["desiredStatus"] == wanted]
        return {"taskArns": stopped[: asked.given.get("maxResults", 100)]}

    def _DescribeTasks(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        every = [task for service in self.services.values() for task in service.tasks] + self.jobs.shown()
        found = {task["taskArn"]: task for task in every}
        missing = [{"arn": arn, "reason": "MISSING"} for arn in asked.given["tasks"] if arn not in found]
        return {"tasks": [found[arn] for arn in asked.given["tasks"] if arn in found], "failures": missing}

    def _ListServiceDeployments(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        service, wanted = self._find(asked), asked.given.get("status")
        self.move(service)
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
            "serviceArn": f"{ECS}:service/{service.cluster}/{service.name}",
            "clusterArn": f"{ECS}:cluster/{service.cluster}",
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

    def _deployed(self, arn: str) -> tuple[Service, Deployment]:
        for service in self.services.values():
            for each in service.deployments:
                if each.arn == arn:
                    self.move(service)
                    return service, each
        raise Refusal("ServiceDeploymentNotFoundException", "Service deployment not found.")

    def _DescribeServiceDeployments(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        found = [self._deployed(arn) for arn in asked.given["serviceDeploymentArns"]]
        return {"serviceDeployments": [self._full(*each) for each in found], "failures": []}

    def _full(self, service: Service, each: Deployment) -> dict[str, Any]:
        brief = self._brief(service, each)
        weight = 100.0 if each.outcome == "SUCCESSFUL" else each.staged.weight if each.staged else 0.0
        target = {
            "arn": brief.pop("targetServiceRevisionArn"),
            "requestedTaskCount": each.desired,
            "runningTaskCount": each.running,
            "pendingTaskCount": each.pending,
            "requestedProductionTrafficWeight": weight,
        }
        full = {**brief, "targetServiceRevision": target, "statusReason": each.reason}
        tripped = "circuit breaker" in each.reason
        full["deploymentCircuitBreaker"] = {
            "status": "TRIGGERED" if tripped else "MONITORING",
            "failureCount": each.failed,
        }
        full["alarms"] = {"status": "TRIGGERED" if each.alarms else "MONITORING", "triggeredAlarmNames": each.alarms}
        if each.staged is not None:
            full["lifecycleStage"] = each.staged.stage
            full["lifecycleHookDetails"] = each.staged.hooks
        return full

    def _ContinueServiceDeployment(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        service, each = self._deployed(asked.given["serviceDeploymentArn"])
        if each.staged is None or each.outcome != "IN_PROGRESS":
            raise Refusal("InvalidParameterException", "The service deployment is not paused.")
        each.staged.answer(asked.given["hookId"], asked.given.get("action", "CONTINUE"), self._now())
        self.move(service)
        return {"serviceDeploymentArn": each.arn}

    def _StopServiceDeployment(self, asked: Asked, _who: Identity) -> dict[str, Any]:  # noqa: N802
        arn = asked.given["serviceDeploymentArn"]
        service = next(s for s in self.services.values() if any(d.arn == arn for d in s.deployments))
        deployment = next(each for each in service.deployments if each.arn == arn)
        if deployment.outcome != "IN_PROGRESS":
            raise Refusal("ConflictException", "The service deployment is not in a state that can be stopped.")
        if asked.given.get("stopType") == "ABORT":
            self._over(service, deployment, "FAILED", "ECS deployment stopped.", "STOPPED")
        else:
            self._back(service, deployment, "ECS deployment stopped.")
        return {"serviceDeploymentArn": arn}
