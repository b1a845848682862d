"""The doors of pipelines in CodePipeline: closed while their environment is frozen, and opened again after it.

Looked at now and then, and put right: a freeze that begins or ends while nobody runs, or by the clock, is seen too.
Only what was closed here is opened here.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runners.aws.codepipeline import executions
from runners.aws.codepipeline.executions import StageState
from runners.aws.codepipeline.runner import CodePipelineRunner, pipeline_of
from runners.aws.session import Account, Clouds, Visitor
from runners.aws.told import told
from runners.barriers import Frozen
from runners.contract import ActionFailed
from runners.crash import crash_here
from storage.model.catalog import Catalog
from storage.model.cloud import Aws

_log = logging.getLogger(__name__)
_OURS = "Estiva - "
_NOT_ALLOWED = re.compile(r"[^a-zA-Z0-9!@ ().*?-]+")
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The entrance of one stage of a pipeline."""

    environment: str
    place: Aws
    pipeline: str
    stage: str


class Doors:
    """Every door that the catalog names: by the option `freeze`, of an environment or of an action."""

    def __init__(self, clouds: Clouds, catalog: Callable[[], Catalog], is_frozen: Frozen) -> None:
        """Take the way to AWS."""
        self._clouds = clouds
        self._catalog = catalog
        self._is_frozen = is_frozen
        self._said: dict[tuple[str, str, str], str] = {}
        """What was wrong when it was last looked, so that it is logged once and not at each look."""

    async def keep(self) -> None:
        """Put right what is not as it should be. Raises the last problem, after all others were looked at."""
        problem, before, self._said = None, self._said, {}
        for door in doors_of(self._catalog()):
            try:
                account = await self._clouds.enter(door.place, Visitor(name="estiva-freeze"))
                wrong = await _keep(account, door, await self._is_frozen(door.environment))
            except ActionFailed as failure:
                wrong, problem = f"{failure.reason}; {failure.hint}", failure
            known = (door.environment, door.pipeline, door.stage)
            self._said[known] = wrong
            if wrong and wrong != before.get(known):
                _log.warning("the door of %s in %s: %s", door.stage, door.pipeline, wrong)
        if problem is not None:
            raise problem


def doors_of(catalog: Catalog) -> list[Door]:
    """List the doors that the catalog names, each once."""
    found: list[Door] = []
    for door in _named(catalog):
        if door not in found:
            found.append(door)
    return found


def _named(catalog: Catalog) -> Iterator[Door]:
    for service in catalog.services.values():
        for environment in catalog.environments.values():
            if environment.aws is None:
                continue
            for action in service.actions(environment.name, CodePipelineRunner.kind):
                if name := told(CodePipelineRunner.kind, environment, action.options).get("freeze"):
                    pipeline = pipeline_of(service, environment, action.options)
                    yield Door(environment=environment.name, place=environment.aws, pipeline=pipeline, stage=str(name))


async def _keep(account: Account, door: Door, why: str | None) -> str:
    """Put a door right; gives what is wrong with it."""
    state = {stage.name: stage for stage in await executions.stages(account, door.pipeline)}
    stage = state.get(door.stage)
    if stage is None:
        return f"there is no such stage to keep closed, only {', '.join(state)}"
    if why is not None and stage.open:
        await _change(account, door, "disable_stage_transition", reason=_reason(why))
    elif why is None and _is_ours(stage):
        await _change(account, door, "enable_stage_transition")
    return ""


async def _change(account: Account, door: Door, operation: str, **more: str) -> None:
    crash_here("codepipeline.door.before")
    await account.call(
        "codepipeline",
        operation,
        pipelineName=door.pipeline,
        stageName=door.stage,
        transitionType="Inbound",
        **more,
    )
    crash_here("codepipeline.door.after")


def _is_ours(stage: StageState) -> bool:
    return not stage.open and stage.reason.startswith(_OURS)


def _reason(why: str) -> str:
    """Give a reason in the letters that CodePipeline takes."""
    plain = unicodedata.normalize("NFKD", why).encode("ascii", "ignore").decode()
    return " ".join(_NOT_ALLOWED.sub(" ", f"{_OURS}{plain}").split())[:_LONGEST]
