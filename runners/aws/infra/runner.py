"""Kind `cloudformation`: the stacks of an environment, from templates in the commit.

`do: preview` shows what would change and forgets it; `do: plan` keeps the change sets; `do: apply` applies in the same
run exactly those, which is what people approve: id and content are in the approval's subject.
"""

from collections.abc import Mapping, Sequence

from runners import options
from runners.aws import errors
from runners.aws.ecs.foreseen import NEWEST
from runners.aws.ecs.runner import EcsRunner, target_of
from runners.aws.ecs.services import Target
from runners.aws.infra import apply, changes, stack, templates
from runners.aws.infra.apply import Apply
from runners.aws.infra.changes import ChangeSet, ChangeSets, in_order
from runners.aws.infra.running import Running, revision_of
from runners.aws.infra.stack import Declared, Draft, Stack
from runners.aws.session import NOWHERE, Account, Clouds, Visitor
from runners.aws.stopping import stopping
from runners.aws.told import told
from runners.changes import counted, shown
from runners.contract import ActionFailed, Outcome, Silence, Sink, Work
from storage.model import artifact
from storage.model.catalog import Environment, Json, Service
from storage.model.soundness import APPLY, DO, PLAN, PREVIEW
from storage.model.worded import joined, worded

_KNOWN = {DO: options.one_of(PREVIEW, PLAN, APPLY), "stacks": stack.listed, "bucket": templates.bucket}
_ERRORS = {
    **errors.ERRORS,
    **stack.ERRORS,
    **templates.ERRORS,
    **changes.ERRORS,
    **apply.ERRORS,
    **NOWHERE,
    "stack_busy": "something else is being done to the stack",
    "no_service": "the stack has a service of ECS, and what is named as that is not there",
    "not_planned": "no earlier stage of the run has planned what should be applied",
}


class CloudFormationRunner:
    """The account is the environment's."""

    kind = "cloudformation"
    errors = _ERRORS
    exports = None

    def __init__(self, clouds: Clouds, pace: float = 1.0) -> None:
        """Take the way to AWS. `pace`: 1, unless AWS's time runs faster."""
        self._clouds = clouds
        self._pace = pace

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options."""
        return options.problems(options_, _KNOWN, required=(DO, "stacks"))

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Plan all stacks, or apply what was planned of them, one after the other."""
        account, place = await self._clouds.within(work.environment, Visitor.of(work))
        stacks = Declared.read(work.options["stacks"])
        if work.options[DO] == APPLY:
            return await self._applied(account, place, stacks, work, sink)
        return await self._planned(account, place, stacks, work, sink)

    async def stop(self, work: Work) -> None:
        """Cancel the update that the work began, if it is under way."""
        if work.options[DO] != APPLY:
            return
        account, place = await self._clouds.within(work.environment, Visitor.of(work))
        for declared in Declared.read(work.options["stacks"]):
            approved = work.artifacts.get(artifact.changes(place.name, declared.name), artifact.NO_CHANGES)
            if approved != artifact.NO_CHANGES:
                await self._apply(account, declared, approved, work, Silence()).stop()

    async def _planned(
        self, account: Account, place: Environment, stacks: tuple[Declared, ...], work: Work, sink: Sink
    ) -> Outcome:
        drafts = await self._drafts(account, place, stacks, work, sink)
        made = {draft.declared.name: await self._plan(account, place, draft, work, sink) for draft in drafts}
        planned = {artifact.changes(place.name, name): each.subject for name, each in made.items()}
        planned |= {
            artifact.runs(place.name, draft.declared.name): draft.revision
            for draft in drafts
            if draft.revision is not None
        }
        return Outcome(
            artifacts=planned if work.options[DO] == PLAN else {},
            unchanged=all(each.nothing for each in made.values()),
            summary=joined([_counted(name, each) for name, each in made.items()]),
            details=shown({name: [change.line for change in in_order(each.changes)] for name, each in made.items()}),
        )

    async def _drafts(
        self, account: Account, place: Environment, stacks: tuple[Declared, ...], work: Work, sink: Sink
    ) -> Sequence[Draft]:
        """Check all stacks, and their templates first: what is wrong with one keeps every one from being planned."""
        bucket = str(work.options.get("bucket") or "")
        texts = [templates.read(each, work, bucket) for each in stacks]
        bodies = [
            await templates.body(account, each, text, bucket, sink) for each, text in zip(stacks, texts, strict=True)
        ]
        return [await _drafted(account, each, body, work, place) for each, body in zip(stacks, bodies, strict=True)]

    async def _plan(self, account: Account, place: Environment, draft: Draft, work: Work, sink: Sink) -> ChangeSet:
        declared, now = draft.declared, draft.now
        sets = ChangeSets(account=account, stack=declared.name, sink=sink, pace=self._pace)
        ours = now is None or (now.is_empty and await sets.only_ours())
        await sets.delete_others(work.key)
        made = (await sets.make(work.key, draft)).of(draft.revision or "")
        sink.line(_counted(declared.name, made))
        for change in in_order(made.changes):
            sink.line(f"  {change.line}")
        unseen = draft.revision == "" and any(each.moves_tasks for each in made.changes)
        if made.nothing or unseen or work.options[DO] == PREVIEW:
            await (sets.delete_with_stack(made) if ours else sets.delete(made.id))
        if unseen:
            raise _unseen(declared.name, service_of(declared, work.service, place))
        return made

    async def _applied(
        self, account: Account, place: Environment, stacks: tuple[Declared, ...], work: Work, sink: Sink
    ) -> Outcome:
        outputs: dict[str, str] = {}
        ends: list[str] = []
        for declared in stacks:
            approved = work.artifacts.get(artifact.changes(place.name, declared.name))
            if approved is None:
                raise ActionFailed(
                    worded("what should change in {stack} was not planned in this run", stack=declared.name),
                    hint=worded("let an earlier stage do the same with `do: plan`"),
                    error="not_planned",
                )
            if approved == artifact.NO_CHANGES:
                ends.append(worded("nothing to change in {stack}", stack=declared.name))
                continue
            one = self._apply(account, declared, approved, work, sink)
            async with stopping(work, one.stop, sink, f"{declared.name}: the update could not be cancelled"):
                ended = await one.run()
            outputs |= ended.outputs
            ends.append(worded("{stack} is {status}", stack=declared.name, status=ended.status))
            if one.waits:
                ends.append(_waiting(work, place))
        return Outcome(variables=outputs, summary=joined(ends))

    def _apply(self, account: Account, declared: Declared, approved: str, work: Work, sink: Sink) -> Apply:
        place, running = work.environment, None
        planned = work.artifacts.get(artifact.runs(place.name, declared.name)) if place else None
        if place is not None and planned is not None:
            target = service_of(declared, work.service, place)
            running = Running(account=account, target=target, planned=planned, sink=sink)
        return Apply(
            account=account, stack=declared.name, approved=approved, sink=sink, running=running, pace=self._pace
        )


def service_of(declared: Declared, service: Service, place: Environment) -> Target:
    """Name the service of ECS that a stack has: as the stack's entry says, or the environment's options."""
    return target_of(service, place, declared.where)


def _unseen(name: str, target: Target) -> ActionFailed:
    return ActionFailed(
        worded("{stack} has a service of ECS, and {target} is not there", stack=name, target=target),
        hint=worded("nothing was changed: name it with `cluster` and `service` beside `task` in the catalog"),
        error="no_service",
    )


def _waiting(work: Work, place: Environment) -> str:
    """Say when what was changed in a task definition takes effect."""
    given = {"service": work.service.name, "environment": place.name}
    if told(EcsRunner.kind, place, {}).get("base") == NEWEST:
        return worded(
            "the task definition takes effect with the next deploy, or `redeploy {service} in {environment}`", **given
        )
    return worded("the task definition takes effect with a deploy that has the option `base: newest`")


async def _drafted(
    account: Account, declared: Declared, body: Mapping[str, str], work: Work, place: Environment
) -> Draft:
    """Look whether a stack can be planned; begins nothing. Raises `ActionFailed`."""
    now = await stack.look(account, declared.name)
    _check_ready(declared.name, now)
    before = None if now and now.is_empty else now
    revision = await revision_of(account, service_of(declared, work.service, place)) if declared.task else None
    given = await stack.parameters(account, declared, body, declared.given(work, revision or ""), before)
    return Draft(declared=declared, body=body, given=given, now=now, revision=revision)


def _check_ready(name: str, now: Stack | None) -> None:
    """Raise `ActionFailed` when a stack cannot be changed as it stands."""
    if now is None or now.is_empty:
        return
    if now.busy:
        raise ActionFailed(
            worded("something else is being done to {stack}: it is {status}", stack=name, status=now.status),
            hint=worded("wait until that is over, then ask again"),
            error="stack_busy",
        )
    if now.status.endswith("_FAILED") or now.status == "ROLLBACK_COMPLETE":
        raise apply.stuck(name, now)


def _counted(name: str, made: ChangeSet) -> str:
    real = [each.raw for each in made.changes if not each.leaves]
    actions = [each.get("Action") for each in real]
    new, gone = sum(action in ("Add", "Import") for action in actions), actions.count("Remove")
    replaced = sum(each.get("Replacement") == "True" for each in real)
    return counted(name, add=new, change=len(actions) - new - gone, replace=replaced, remove=gone)
