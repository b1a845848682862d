"""What deploys to ECS need."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from runners.aws.ecs import revisions, services
from runners.aws.ecs.revisions import Revision
from runners.aws.ecs.runner import EcsRunner, deploys_of
from runners.aws.ecs.services import Target, short
from runners.aws.permissions.need import EVERYTHING, SOME, Arns, Need
from runners.aws.session import Account
from runners.before import tasks_of
from runners.contract import ActionFailed
from storage.model.catalog import Catalog, Environment, Service

LOOK = (
    *("ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ssm:DescribeParameters"),
    *("ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"),
)
"""What knows no resource."""
ON_CLUSTER = ("ecs:DescribeClusters",)
ON_SERVICE = ("ecs:DescribeServices", "ecs:UpdateService", "ecs:ListServiceDeployments")
ON_DEPLOYMENT = ("ecs:DescribeServiceDeployments", "ecs:ContinueServiceDeployment", "ecs:StopServiceDeployment")
ON_SERVICE_REVISION = ("ecs:DescribeServiceRevisions",)
ON_INSTANCE = ("ecs:ListTasks",)
ON_TASK = ("ecs:DescribeTasks",)
ON_DEFINITION = ("ecs:RegisterTaskDefinition", "ecs:TagResource")
ON_ROLE = ("iam:GetRole",)
PASS = ("iam:PassRole",)
ON_LOG = ("logs:GetLogEvents",)
ON_LOGS = ("logs:DescribeLogGroups",)
ON_SECRET = ("secretsmanager:DescribeSecret",)
ON_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage")
"""What hearing of the end of deployments asks for, where a queue is named."""
RUN = ("ecs:RunTask",)
ON_TASK_BEFORE = ("ecs:StopTask", "ecs:TagResource")
"""What tasks before a release (`before`) ask for."""
TO_TASKS = (("iam:PassedToService", "ecs-tasks.amazonaws.com"),)
_SECRET, _SECRETS = "secret:", ":secretsmanager:"


async def needs(catalog: Catalog, environment: Environment, account: Account) -> list[Need]:
    """Give what is needed for every service that is deployed to ECS there, whatever the environment's own target is."""
    found: list[Need] = []
    for service in catalog.services.values():
        if service.actions(environment.name, EcsRunner.kind):
            for target, given in deploys_of(service, environment).items():
                revision = await _revision(account, target)
                before = bool(tasks_of(given.get("before"), service.name))
                found += _of_a_deploy(Arns(account.place), target, revision, before=before)
                found += _of_a_queue(Arns(account.place), str(given.get("events") or ""))
                found += _of_secrets(Arns(account.place), service, environment, revision)
    return found


async def _revision(account: Account, target: Target) -> Revision | None:
    """Look at what the service uses now, which has the names that the catalog has not."""
    try:
        return await revisions.read(account, (await services.look(account, target)).task_definition)
    except ActionFailed:
        return None


def _of_a_deploy(arns: Arns, target: Target, revision: Revision | None, *, before: bool) -> Iterator[Need]:
    cluster, service = short(target.cluster), short(target.service)
    within = (("ecs:cluster", arns.of("ecs", f"cluster/{cluster}")),)

    def on(kind: str, rest: str, actions: tuple[str, ...]) -> Need:
        return Need(actions=actions, on=(arns.of("ecs", f"{kind}/{cluster}/{rest}"),), context=within)

    definition = arns.of("ecs", f"task-definition/{revision.definition['family'] if revision else service}:1")
    yield Need(actions=LOOK)
    yield Need(actions=ON_CLUSTER, on=(arns.of("ecs", f"cluster/{cluster}"),))
    yield on("service", service, ON_SERVICE)
    yield on("service-deployment", f"{service}/{SOME}", ON_DEPLOYMENT)
    yield on("service-revision", f"{service}/{SOME}", ON_SERVICE_REVISION)
    yield on("container-instance", SOME, ON_INSTANCE)
    yield on("task", SOME, ON_TASK)
    yield Need(actions=ON_DEFINITION, on=(definition,), known=revision is not None)
    if before:
        yield Need(actions=RUN, on=(definition,), known=revision is not None, context=within)
        yield on("task", SOME, ON_TASK_BEFORE)
    yield from _of_a_revision(arns, revision)


def _of_a_queue(arns: Arns, url: str) -> Iterator[Need]:
    """Give what is needed of the queue at a URL, if there is one."""
    account, _, name = urlsplit(url).path.strip("/").partition("/")
    queue = (f"arn:{arns.partition}:sqs:{arns.place.region}:{account}:{name}",) if name else EVERYTHING
    if url:
        yield Need(actions=ON_QUEUE, on=queue, known=bool(name))


def _of_a_revision(arns: Arns, revision: Revision | None) -> Iterator[Need]:
    """Roles and log groups stand in the task definition; without one nobody can name them."""
    if revision is None:
        yield Need(actions=PASS, known=False, context=TO_TASKS)
        yield Need(actions=(*ON_ROLE, *ON_LOG, *ON_LOGS), known=False)
        return
    roles = tuple(str(role) for kind in ("taskRoleArn", "executionRoleArn") if (role := revision.definition.get(kind)))
    if roles:
        yield Need(actions=PASS, on=roles, context=TO_TASKS)
        yield Need(actions=ON_ROLE, on=roles)
    for group, region in sorted(_groups(revision)):
        yield Need(actions=ON_LOG, on=(arns.log(group, region or None),))
        yield Need(actions=ON_LOGS, on=(arns.of("logs", "log-group:*", region or None),))


def _groups(revision: Revision) -> set[tuple[str, str]]:
    logs = [each.get("logConfiguration", {}) for each in revision.containers]
    options = [each.get("options", {}) for each in logs if each.get("logDriver") == "awslogs"]
    return {(each["awslogs-group"], each.get("awslogs-region", "")) for each in options if "awslogs-group" in each}


def _of_secrets(arns: Arns, service: Service, environment: Environment, revision: Revision | None) -> Iterator[Need]:
    named = service.secrets.get(environment.name, {}).values()
    secrets = {arns.secret(each.split(":")[1]) for each in named if each.startswith(_SECRET)}
    used = [
        secret["valueFrom"] for each in (revision.containers if revision else ()) for secret in each.get("secrets", [])
    ]
    # without key, stage and version
    secrets |= {":".join(source.split(":")[:7]) for source in used if _SECRETS in source}
    if secrets:
        yield Need(actions=ON_SECRET, on=tuple(sorted(secrets)))
