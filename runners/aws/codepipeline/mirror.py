"""An execution of CodePipeline, mirrored to its end: each action as it goes, and its approvals put to our people."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from runners.aws.codepipeline import executions
from runners.aws.codepipeline.executions import Execution, StageState, Step
from runners.aws.errors import AwsRefused
from runners.aws.notes import Notes
from runners.aws.patience import may_pass, patiently
from runners.aws.session import Account
from runners.contract import ActionFailed, Answer, Asks, Sink, Work
from runners.crash import crash_here
from storage.model.worded import worded

T = TypeVar("T")
_OFTEN, _SELDOM = 3.0, 15.0
"""Seconds between two looks: at first, and at most."""
_AGAIN = 60.0
"""Seconds between two looks while people are asked."""
_TOO_LATE = {"ApprovalAlreadyCompletedException", "InvalidApprovalTokenException"}
_TOKEN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST = 512


@dataclass(slots=True, kw_only=True)
class Mirror:
    """One execution, followed. What was told before is in the notes, so that no line comes twice."""

    account: Account
    work: Work
    sink: Sink
    pipeline: str
    id: str
    notes: Notes
    pace: float = 1.0
    """1, unless the AWS of a test runs faster."""
    execution: Execution = field(init=False)
    """As it was when it was last looked at."""

    async def to_its_end(self) -> Execution:
        """Give the execution as it ended. Raises `Asks` while it waits for people whose word is not there yet."""
        looks = 0
        while True:
            self.execution, looks = await self._look(just_begun=looks == 0), looks + 1
            await self._tell()
            if self.execution.over:
                return self.execution
            if not await self._approvals():
                await self._doors()
            await asyncio.sleep(min(_SELDOM, _OFTEN + looks / 4) * self.pace)

    async def _look(self, *, just_begun: bool) -> Execution:
        return await self._patiently(
            partial(executions.look, self.account, self.pipeline, self.id),
            lambda failure: failure.retryable or (just_begun and failure.error == "no_execution"),
        )

    async def _stages(self) -> list[StageState]:
        return await self._patiently(partial(executions.stages, self.account, self.pipeline))

    async def _patiently(
        self, look: Callable[[], Awaitable[T]], passes: Callable[[ActionFailed], bool] = may_pass
    ) -> T:
        rest = partial(asyncio.sleep, _SELDOM * self.pace)
        return await patiently(look, rest, self.sink, "the execution goes on, and is looked at again", passes)

    async def _tell(self) -> None:
        """Show what has changed."""
        told = self.notes.names("told")
        news = {f"{step.id} {step.status}": step for step in self.execution.steps}
        fresh = [name for name in news if name not in told]
        for name in fresh:
            self.sink.line(_told(news[name]))
        if fresh:
            self.notes.write(told=[*told, *fresh])
            await self.work.tell(_state(self.execution))

    async def _approvals(self) -> bool:
        """Answer the manual approvals that people have answered here; false when there was nothing to answer.

        Raises `Asks` for the first one that nobody has answered.
        """
        waiting = [step for step in self.execution.newest if step.waits_for_people]
        if not waiting:
            return False
        tokens = await self._tokens(waiting)
        answered = False
        for step in waiting:
            token = tokens.get(step.place)
            answer = self.work.answers.get(_name_of(step, token)) if token else None
            if token and answer:
                await self._answer(step, token, answer)
                answered = True
        if not answered:
            await self._ask([step for step in waiting if step.place in tokens], tokens)
        return answered

    async def _tokens(self, waiting: list[Step]) -> dict[str, str]:
        """Read the tokens anew, of this very execution: an older one answers nothing, and a newer one is another's.

        Of a pipeline whose executions run side by side the state says none: there it is the id that the step has.
        """
        mine = [stage for stage in await self._stages() if stage.execution == self.execution.id]
        known = {f"{stage.name}/{action}": token for stage in mine for action, token in stage.tokens.items()}
        return {step.place: step.outside for step in waiting if _TOKEN.fullmatch(step.outside)} | known

    async def _ask(self, waiting: list[Step], tokens: dict[str, str]) -> None:
        for step in waiting[:1]:
            question = worded("{pipeline} waits in {place}: may it go on?", pipeline=self.pipeline, place=step.place)
            raise Asks(
                _name_of(step, tokens[step.place]),
                question,
                expires_at=await self._expires(step),
                look_again=_AGAIN * self.pace,
            )

    async def _expires(self, step: Step) -> datetime | None:
        """Tell until when CodePipeline takes an answer.

        What cannot be read is not guessed: our people have as long as their environment gives them.
        """
        try:
            return step.started_at + await self._patiently(
                partial(executions.open_for, self.account, self.execution, step)
            )
        except ActionFailed as failure:
            self._say_once(f"how long {step.place} waits cannot be told: {failure.reason}; {failure.hint}")
            return None

    async def _answer(self, step: Step, token: str, answer: Answer) -> None:
        """Hand the word of our people on. Who answered in AWS meanwhile was first, and that counts."""
        status = "Approved" if answer.yes else "Rejected"
        by = f" by {answer.by}" if answer.by else ""
        why = f": {answer.reason}" if answer.reason else ""
        crash_here("codepipeline.answer.before")
        try:
            await self._patiently(
                partial(
                    self.account.call,
                    "codepipeline",
                    "put_approval_result",
                    pipelineName=self.pipeline,
                    stageName=step.stage,
                    actionName=step.action,
                    token=token,
                    result={
                        "status": status,
                        "summary": f"{status}{by} in Estiva, run {self.work.run}{why}"[:_LONGEST],
                    },
                )
            )
        except AwsRefused as refused:
            if refused.code not in _TOO_LATE:
                raise
            self.sink.line(f"{step.place} was answered elsewhere before: {refused.code}")
        else:
            self.sink.line(f"{step.place}: {status}{by}{why}")
        crash_here("codepipeline.answer.after")

    async def _doors(self) -> None:
        """Say once before which closed door the execution waits, when nothing of it is under way."""
        if any(step.status == "InProgress" for step in self.execution.steps):
            return
        for stage in await self._stages():
            if self.execution.id in stage.waiting and not stage.open:
                self._say_once(f"waits before {stage.name}, whose transition is disabled: {stage.reason}")

    def _say_once(self, line: str) -> None:
        told = self.notes.names("told")
        if line not in told:
            self.sink.line(line)
            self.notes.write(told=[*told, line])


def _name_of(step: Step, token: str) -> str:
    """Name the question: a retry of the same approval has another token, and is another question."""
    place = _NO_NAME.sub("-", step.place.lower()).strip("-")[:40].strip("-")
    return f"{place}-{hashlib.sha256(f'{step.place} {token}'.encode()).hexdigest()[:8]}"


def _state(execution: Execution) -> str:
    """Say where it is, in one line: what went well by its stages, the rest by its actions."""
    well = dict.fromkeys(step.stage for step in execution.newest)
    rest = [step for step in execution.newest if step.status != "Succeeded"]
    done = [name for name in well if name not in {step.stage for step in rest}]
    return " · ".join([*(f"{name}: Succeeded" for name in done), *(f"{step.place}: {step.status}" for step in rest)])


def _told(step: Step) -> str:
    outside = f" ({step.outside})" if step.outside else ""
    why = step.error or (step.summary if step.status in ("Failed", "Abandoned") else "")
    return f"{step.place}: {step.status}{outside}{f': {why}' if why else ''}"
