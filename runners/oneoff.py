"""One-off containers before a release on `docker`: migrations, with the new image while the old one still serves.

Each gets what a container of the release gets: its image, network, variables and secrets. It is begun once per key:
one that runs is followed, one that has ended is remembered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runners import before, hidden, job, options, releases
from runners.before import Before
from runners.containers import Containers
from runners.contract import ActionFailed, Sink, Work
from runners.releases import Release
from storage.model.worded import worded
from storage.redact import Redactor

ERRORS = {
    **job.ERRORS,
    "task_failed": "a task that runs before the release failed; what serves was not touched",
}
problem = before.checks(memory=options.memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOff:
    """Runs the tasks of one piece of work, one after the other."""

    containers: Containers
    work: Work
    release: Release
    sink: Sink

    async def run(self, tasks: Sequence[Before], secrets: Mapping[str, str]) -> None:
        """Bring each to its end, one after the other. Raises `ActionFailed` when one does not end well.

        `secrets` are the values of the release's variables that are secret.
        """
        if tasks:
            await releases.networked(self.containers, self.release)
        for task in tasks:
            await self._one(task, secrets)

    async def _one(self, task: Before, secrets: Mapping[str, str]) -> None:
        key = f"{self.work.key}#{task.name}"
        self.sink.line(f"{task.name}: {' '.join(task.command)}")
        redactor = await self._redactor(key, secrets)
        ended = await job.finish(
            self.containers,
            self._job(task, key, secrets),
            self.work,
            lambda line: self.sink.line(f"  {task.name} | {redactor.redact(line)}"),
        )
        if ended.out_of_memory:
            raise ActionFailed(
                worded("{task} was killed before the release: out of memory", task=task.name),
                exit_code=ended.code,
                hint=worded("give the task more memory, or let it use less; what serves was not touched"),
                error="out_of_memory",
            )
        if ended.code != 0:
            raise ActionFailed(
                worded("{task} failed before the release: exit code {code}", task=task.name, code=ended.code),
                exit_code=ended.code,
                hint=worded("what serves was not touched; see the task's last lines in the log"),
                error="task_failed",
            )
        self.sink.line(f"{task.name}: ended with exit code 0")

    async def _redactor(self, key: str, secrets: Mapping[str, str]) -> Redactor:
        """Mask what is given now, and what was given before a crash."""
        given = await job.begun(self.containers, key, self.work) or {}
        return Redactor([*secrets.values(), *(given[name] for name in self.release.secrets if name in given)])

    def _job(self, task: Before, key: str, secrets: Mapping[str, str]) -> job.Job:
        labels = {"run": self.release.run, "service": self.release.service, **hidden.label(self.release.secrets)}
        return job.Job(
            key=key,
            image=self.release.image,
            command=tuple(task.command),
            environment={**self.release.variables, **task.variables, **secrets},
            labels=self.containers.labels(**labels),
            network=self.release.network,
            memory=task.more.get("memory", self.release.memory),
        )
