"""Kind `cloudformation`: the stacks of an environment, from templates in the commit.

`do: preview` shows what would change and forgets it; `do: plan` keeps the change sets; `do: apply` applies in the same
run exactly those, which is what people approve: id and content are in the approval's subject.
"""

from collections.abc import Mapping, Sequence

from runners import options
from runners.aws import errors
from runners.aws.infra import apply, changes, stack, templates
from runners.aws.infra.apply import Apply
from runners.aws.infra.changes import ChangeSet, ChangeSets, in_order
from runners.aws.infra.stack import Declared, Draft, Stack
from runners.aws.session import NOWHERE, Account, Clouds, Visitor
from runners.aws.stopping import stopping
from runners.changes import counted, shown
from runners.contract import ActionFailed, Outcome, Silence, Sink, Work
from storage.model import artifact
from storage.model.catalog import Environment, Json
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
                await self._apply(account, declared, approved, Silence()).stop()

    async def _planned(
        self, account: Account, place: Environment, stacks: tuple[Declared, ...], work: Work, sink: Sink
    ) -> Outcome:
        drafts = await self._drafts(account, stacks, work, sink)
        made = {draft.declared.name: await self._plan(account, draft, work, sink) for draft in drafts}
        subjects = {artifact.changes(place.name, name): each.subject for name, each in made.items()}
        return Outcome(
            artifacts=subjects if work.options[DO] == PLAN else {},
            unchanged=all(each.nothing for each in made.values()),
            summary=joined([_counted(name, each) for name, each in made.items()]),
            details=shown({name: [change.line for change in in_order(each.changes)] for name, each in made.items()}),
        )

    async def _drafts(self, account: Account, stacks: tuple[Declared, ...], work: Work, sink: Sink) -> Sequence[Draft]:
        """Check all stacks, and their templates first: what is wrong with one keeps every one from being planned."""
        bucket = str(work.options.get("bucket") or "")
        texts = [templates.read(each, work, bucket) for each in stacks]
        bodies = [
            await templates.body(account, each, text, bucket, sink) for each, text in zip(stacks, texts, strict=True)
        ]
        return [await _drafted(account, each, body, work) for each, body in zip(stacks, bodies, strict=True)]

    async def _plan(self, account: Account, draft: Draft, work: Work, sink: Sink) -> ChangeSet:
        declared, now = draft.declared, draft.now
        sets = ChangeSets(account=account, stack=declared.name, sink=sink, pace=self._pace)
        ours = now is None or (now.is_empty and await sets.only_ours())
        await sets.delete_others(work.key)
        made = await sets.make(work.key, draft)
        sink.line(_counted(declared.name, made))
        for change in in_order(made.changes):
            sink.line(f"  {change.line}")
        if made.nothing or work.options[DO] == PREVIEW:
            await (sets.delete_with_stack(made) if ours else sets.delete(made.id))
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
            one = self._apply(account, declared, approved, sink)
            async with stopping(work, one.stop, sink, f"{declared.name}: the update could not be cancelled"):
                ended = await one.run()
            outputs |= ended.outputs
            ends.append(worded("{stack} is {status}", stack=declared.name, status=ended.status))
        return Outcome(variables=outputs, summary=joined(ends))

    def _apply(self, account: Account, declared: Declared, approved: str, sink: Sink) -> Apply:
        return Apply(account=account, stack=declared.name, approved=approved, sink=sink, pace=self._pace)


async def _drafted(account: Account, declared: Declared, body: Mapping[str, str], work: Work) -> Draft:
    """Look whether a stack can be planned; begins nothing. Raises `ActionFailed`."""
    now = await stack.look(account, declared.name)
    _check_ready(declared.name, now)
    before = None if now and now.is_empty else now
    given = await stack.parameters(account, declared, body, declared.given(work), before)
    return Draft(declared=declared, body=body, given=given, now=now)


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
    actions = [each.raw.get("Action") for each in made.changes]
    new, gone = sum(action in ("Add", "Import") for action in actions), actions.count("Remove")
    replaced = sum(each.raw.get("Replacement") == "True" for each in made.changes)
    return counted(name, add=new, change=len(actions) - new - gone, replace=replaced, remove=gone)
