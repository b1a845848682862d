"""One deploy to an ECS service: found begun, or verified, registered and begun; then followed, or put back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runners.aws import configuration
from runners.aws.ecr import Registries
from runners.aws.ecs import history, marks, oneoff, revisions, services, stopped, strategy
from runners.aws.ecs.declared import declared
from runners.aws.ecs.events import Events, Heard
from runners.aws.ecs.images import images_of
from runners.aws.ecs.oneoff import OneOff
from runners.aws.ecs.revisions import DIGEST, KEY, PREVIOUS, RUN, Change, Revision
from runners.aws.ecs.rollout import Ended, Rollout
from runners.aws.ecs.services import Deployment, Service, Target
from runners.aws.ecs.staged import Staged, deployment_of
from runners.aws.ecs.verify import Verification
from runners.aws.ecs.watch import Watch
from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.aws.stopping import stopping
from runners.before import Before, due
from runners.contract import ActionFailed, Outcome, Sink, Work
from runners.crash import crash_here
from storage.model import artifact
from storage.model.catalog import Json
from storage.model.worded import joined, worded


@dataclass(slots=True, kw_only=True)
class Deploy:
    """The deploy of one piece of work. Every step looks first whether it is done."""

    account: Account
    target: Target
    work: Work
    sink: Sink
    container: str
    """The one that the catalog names; empty: found out."""
    environ: Mapping[str, str]
    registries: Registries | None
    before: Sequence[Before]
    """What runs with a new release before the service gets it."""
    events: Events
    queue: str = ""
    """URL of the queue to which ECS's events go, if there is one."""
    strategy: Json = None
    """How its deployments go; `None`: as the service says itself."""
    newest: bool = False
    """Whether a new revision is made of the newest that others made, where that is newer than the one in use."""
    file: str = ""
    """Where the task definition is in the source, which then is what a new revision is made of."""
    pace: float = 1.0

    async def run(self) -> Outcome:
        """Bring the service to the image, or say why not; then it runs, or goes back to, what it ran before."""
        async with stopping(self.work, self.stop, self.sink, f"{self.target} could not be put back"):
            return await self._released()

    async def stop(self) -> None:
        """Find what the key of the work began, and put the service back if that is still under way."""
        if self.before:
            await self._one_off.stop()
        state = await services.look(self.account, self.target)
        current = await revisions.read(self.account, state.task_definition)
        if current.tags.get(KEY) == self.work.key and state.primary and state.primary.rollout == "IN_PROGRESS":
            await self._put_back(current, state.primary)

    async def _released(self) -> Outcome:
        state = await services.look(self.account, self.target)
        current = await revisions.read(self.account, state.task_definition)
        if self.work.restores and self._untouched(state, current):
            still = worded("{revision} still runs in {target}", revision=current.name, target=self.target)
            self.sink.line(still)
            return Outcome(unchanged=True, summary=still)
        if self.work.scales and self.work.replicas is not None and self._is_wanted(current):
            return await self._scaled(state, current, self.work.replicas)
        mine = await self._mine(current)
        begun = await self._begun(state, mine) if mine else None
        if mine is None or begun is None:
            container, mine = await self._prepared(state, current, mine)
            for task in self._first:
                await self.work.tell(worded("{task} runs before the release", task=task.name))
                await self._one_off.run(task, container, mine, state)
            state, begun = await self._update(mine, state)
        try:
            await self._follow(state, mine, begun)
        except Ended as ended:
            await self._explain(ended, mine, begun)
            raise
        except ActionFailed as failure:  # it cannot be looked at any more, and so not be put back either
            unwatched = worded("{deployment} goes on in ECS, and nobody watches it", deployment=begun.id)
            failure.reason = joined([failure.reason, unwatched])
            raise
        return self._outcome(mine, begun)

    async def _follow(self, state: Service, mine: Revision, begun: Deployment) -> None:
        """Follow the deployment to its end, by the way that its strategy goes."""
        arn = None
        if strategy.strategy_of(state.raw.get("deploymentConfiguration", {})) != strategy.ROLLING:
            arn = await deployment_of(self.account, self.target, state, begun, self.sink)
        with self.events.listening(self.account, self.queue, state.arn) as heard:
            watch = await self._watch(heard)
            if arn is None:
                await self._rollout(mine.arn, begun, watch, marks.replaced(mine)).to_its_end(state)
            else:
                await self._staged(arn, begun, watch).to_its_end()

    async def _watch(self, heard: Heard | None = None) -> Watch:
        return await Watch.over(self.account, self.target, heard, self.sink, self.pace)

    def _staged(self, arn: str, begun: Deployment, watch: Watch) -> Staged:
        return Staged(
            account=self.account,
            target=self.target,
            arn=arn,
            begun=begun,
            sink=self.sink,
            answers=self.work.answers,
            tell=self.work.tell,
            watch=watch,
        )

    async def _scaled(self, state: Service, current: Revision, count: int) -> Outcome:
        """Let another number of tasks run of what runs; saying so again changes nothing."""
        crash_here("ecs.scale.before")
        answer = await self.account.call("ecs", "update_service", **self.target.named, desiredCount=count)
        crash_here("ecs.scale.after")
        self.sink.line(f"{self.target} goes from {state.desired} to {count} tasks of {current.name}")
        state = services.read(self.target, answer["service"])
        primary = state.primary or state.deployments[0]
        await self._rollout(current.arn, primary, await self._watch(), wanted=count).to_its_end(state)
        return self._outcome(current, primary)

    def _rollout(
        self,
        revision: str,
        begun: Deployment,
        watch: Watch,
        previous: str = "",
        wanted: int | None = None,
    ) -> Rollout:
        return Rollout(
            account=self.account,
            target=self.target,
            id=begun.id,
            revision=revision,
            previous=previous,
            sink=self.sink,
            watch=watch,
            tell=self.work.tell,
            wanted=wanted,
        )

    def _untouched(self, state: Service, current: Revision) -> bool:
        primary = state.primary
        runs = primary is not None and primary.rollout == "COMPLETED" and len(state.deployments) == 1
        return runs and current.tags.get(RUN) != self.work.run and self._is_wanted(current)

    def _is_wanted(self, revision: Revision) -> bool:
        """Tell whether a revision has the image of the work."""
        container = self.container or revision.container_of(self.work.service.image)
        return bool(self._digest) and revision.image_of(container).endswith(f"@{self._digest}")

    @property
    def _digest(self) -> str:
        return self.work.artifacts.get(artifact.DIGEST, "")

    @property
    def _goes_back(self) -> bool:
        return self.work.goes_back or self.work.restores

    @property
    def _first(self) -> Sequence[Before]:
        """What is to run before the switch."""
        return due(self.work, self.before)

    @property
    def _one_off(self) -> OneOff:
        return OneOff(account=self.account, target=self.target, key=self.work.key, sink=self.sink, pace=self.pace)

    async def _mine(self, current: Revision) -> Revision | None:
        """Find the revision of this work: made for it, or marked for it."""
        made = await revisions.found(self.account, self.work.key, current)
        if made is not None or not self._goes_back:
            return made
        before = await revisions.earlier(self.account, current, self._is_wanted)
        return before if before is not None and before.tags.get(KEY) == self.work.key else None

    async def _begun(self, state: Service, mine: Revision) -> Deployment | None:
        """Find the deployment of the revision, if it was begun; raises when it is over, and not for the good."""
        since = marks.since(mine)
        known = [each for each in state.deployments if each.task_definition == mine.arn and each.created_at > since]
        if known:
            return max(known, key=lambda each: each.created_at)
        for each in await history.deployments(self.account, self.target, since, self.sink):
            if each.task_definition == mine.arn:
                self.sink.line(f"the deployment of {mine.name} was begun before, and is {each.status}")
                raise ActionFailed(
                    worded(
                        "the deployment of {name} was begun and is over: {status}",
                        name=mine.name,
                        status=each.status,
                    ),
                    hint=worded(
                        "see the service's deployments in ECS; the service runs {task_definition} now",
                        task_definition=services.short(state.task_definition),
                    ),
                    error="rolled_back",
                )
        return None

    async def _prepared(self, state: Service, current: Revision, mine: Revision | None) -> tuple[str, Revision]:
        """Verify, then give the container, and the revision to deploy: made before a crash, used before, or new."""
        before = await revisions.earlier(self.account, current, self._is_wanted) if self._goes_back else None
        base = await self._base(current)
        container, images = await images_of(
            self.work, base, current, self.container, self.environ, self.registries, self.sink
        )
        oneoff.check(self._first, base)
        change = self._change(container, images, current, {} if before else await self._secrets())
        await Verification(
            account=self.account,
            service=state,
            revision=base,
            variables=change.variables,
            settings=self._settings(state),
            sink=self.sink,
        ).check()
        if mine is not None:
            self.sink.line(f"{mine.name} was registered before")
            return container, mine
        if before is not None:
            return container, await self._marked(before, state)
        made = await revisions.register(self.account, base, change)
        self.sink.line(f"{made.name} registered, from {base.name}")
        known = await revisions.members(self.account)
        for line in [*revisions.lost(base), *revisions.difference(current.definition, made.definition, known)]:
            self.sink.line(f"  {line}")
        return container, made

    async def _base(self, current: Revision) -> Revision:
        """Give the revision that the new one is made of. What only begins anew, or goes back, stays as it is."""
        if self._goes_back or self.work.restarts or self.work.scales:
            return current
        if self.file:
            return await declared(self.account, self.work, self.file, current)
        return (await revisions.newest(self.account, current) if self.newest else None) or current

    async def _secrets(self) -> Mapping[str, str]:
        """Say where ECS finds the secrets; raises when they are not those that were planned."""
        place = self.work.environment.name if self.work.environment else ""
        found = await configuration.sources(self.account, self.work.service.secrets.get(place, {}))
        if not (self._goes_back or self.work.restarts or self.work.scales):
            configuration.check(found, self.work.configuration)
        return {name: source.value_from for name, source in found.items()}

    def _change(
        self, container: str, images: Mapping[str, str], current: Revision, secrets: Mapping[str, str]
    ) -> Change:
        work = self.work
        place = work.environment.name if work.environment else ""
        variables = {
            **work.service.env.get(place, {}),
            "ESTIVA_SERVICE": work.service.name,
            "ESTIVA_ENVIRONMENT": place,
            "ESTIVA_RUN": work.run,
            "ESTIVA_COMMIT": work.artifacts.get(artifact.COMMIT, ""),
            "ESTIVA_DIGEST": self._digest,
        }
        tags = {KEY: work.key, RUN: work.run, DIGEST: self._digest, PREVIOUS: current.arn}
        return Change(images=images, container=container, variables=variables, tags=tags, secrets=secrets)

    async def _marked(self, before: Revision, state: Service) -> Revision:
        """Note on a revision that is used again for which work that is, so that it is found by its key."""
        newest = max(each.created_at for each in state.deployments).isoformat()
        tags = {KEY: self.work.key, RUN: self.work.run, marks.AFTER: newest, marks.REPLACED: state.task_definition}
        crash_here("ecs.mark.before")
        await self.account.call(
            "ecs", "tag_resource", resourceArn=before.arn, tags=[{"key": k, "value": v} for k, v in tags.items()]
        )
        crash_here("ecs.mark.after")
        self.sink.line(f"{before.name} ran here before, and is used again")
        return Revision(arn=before.arn, definition=before.definition, tags={**before.tags, **tags})

    async def _update(self, mine: Revision, before: Service) -> tuple[Service, Deployment]:
        crash_here("ecs.update.before")
        given: dict[str, Any] = {} if self.work.replicas is None else {"desiredCount": self.work.replicas}
        settings = self._settings(before)
        if settings != before.raw.get("deploymentConfiguration", {}):
            given["deploymentConfiguration"] = settings
        answer = await self.account.call("ecs", "update_service", **self.target.named, taskDefinition=mine.arn, **given)
        crash_here("ecs.update.after")
        state = services.read(self.target, answer["service"])
        begun = state.primary or state.deployments[0]
        self.sink.line(f"{begun.id}: {self.target} goes from {services.short(before.task_definition)} to {mine.name}")
        return state, begun

    def _settings(self, state: Service) -> Mapping[str, Any]:
        """How the deployment is to go: as declared, or as the service says. What goes back waits for nobody."""
        known = state.raw.get("deploymentConfiguration", {})
        return strategy.configured(self.strategy, known, waits=not self._goes_back) or known

    async def _explain(self, ended: Ended, mine: Revision, begun: Deployment) -> None:
        """Add to a failure why the tasks stopped, and bring the service back where ECS does not."""
        first = await stopped.tell(self.account, self.target, mine, begun.created_at, self.sink)
        why = first.why or await services.why_unplaced(self.account, self.target, begun.created_at)
        try:
            back = "" if ended.primary else await self._put_back(mine, begun)
        except ActionFailed as failure:
            back = _not_put_back(self.target, failure)
        ended.exit_code = first.exit_code
        ended.reason = joined([why, ended.reason, back])

    async def _put_back(self, mine: Revision, begun: Deployment) -> str:
        """Let the service go back to what it used before, unless it does by now; says what was done."""
        state = await services.look(self.account, self.target)
        previous = marks.replaced(mine)
        if state.primary is None or state.primary.id != begun.id or not previous:
            return ""
        crash_here("ecs.back.before")
        if not await self._stopped(state):
            await self.account.call("ecs", "update_service", **self.target.named, taskDefinition=previous)
        crash_here("ecs.back.after")
        text = worded("{target} goes back to {revision}", target=self.target, revision=services.short(previous))
        self.sink.line(text)
        return text

    async def _stopped(self, state: Service) -> bool:
        """Let ECS itself stop and roll back, when the deployment is under way and that is allowed."""
        if state.primary is None or state.primary.rollout != "IN_PROGRESS":
            return False
        try:
            listed = await self.account.call(
                "ecs", "list_service_deployments", **self.target.named, status=["PENDING", "IN_PROGRESS"]
            )
            running = [each["serviceDeploymentArn"] for each in listed["serviceDeployments"]]
            if not running:
                return False
            await self.account.call(
                "ecs", "stop_service_deployment", serviceDeploymentArn=running[0], stopType="ROLLBACK"
            )
        except AwsRefused:
            return False
        return True

    def _outcome(self, mine: Revision, begun: Deployment) -> Outcome:
        place = self.work.environment.name if self.work.environment else ""
        address = self.work.service.addresses.get(place, "")
        self.sink.line(f"{begun.id} is completed: {self.target} runs {mine.name}")
        return Outcome(
            artifacts={artifact.ADDRESS: address} if address else {},
            variables={"TASK_DEFINITION": mine.arn, "DEPLOYMENT": begun.id},
            summary=worded(
                "{digest} as {revision} in {target}", digest=self._digest[:19], revision=mine.name, target=self.target
            ),
        )


def _not_put_back(target: Target, failure: ActionFailed) -> str:
    return worded("{target} could not be put back: {reason}", target=target, reason=failure.reason)
