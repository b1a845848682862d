"""The world that the scripted runners change: jobs that go on without us, and a gateway that sees who calls.

A job is known by its key, as a container is by its name: a second start of one key finds the first.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runners.contract import Work
from storage.model import artifact
from storage.model.approval import subject_of
from storage.model.catalog import Json
from storage.model.run import Plan

RUNNING, DONE, FAILED, CRASHED, STOPPED = "running", "done", "failed", "crashed", "stopped"


@dataclass
class Job:
    """One thing under way outside."""

    key: str
    kind: str
    environment: str
    began: float
    ends: float
    end: str
    state: str = RUNNING

    def at(self, now: float) -> str:
        if self.state == RUNNING and now >= self.ends:
            self.state = self.end
        return self.state


@dataclass
class Outside:
    """All jobs, and what the gateway found wrong with the calls that started them."""

    now: Callable[[], float]
    database: sqlite3.Connection
    plan: Callable[[str], Plan]
    """The plan of a run."""
    jobs: dict[str, Job] = field(default_factory=dict)
    released: dict[str, str] = field(default_factory=dict)
    """Key of a deploy -> the digest that it brought."""
    breaches: list[str] = field(default_factory=list)

    def state(self, key: str) -> str | None:
        job = self.jobs.get(key)
        return None if job is None else job.at(self.now())

    def start(self, work: Work, kind: str) -> None:
        """Start a job, unless that very job was started before."""
        if work.key in self.jobs:
            return
        self._beware(work, kind)
        environment = work.environment.name if work.environment is not None else ""
        sleep, end = _number(work.options, "sleep"), DONE
        if work.options.get("end") and work.attempt <= _number(work.options, "fails", 99):
            end = str(work.options["end"])
        self.jobs[work.key] = Job(work.key, kind, environment, self.now(), self.now() + sleep, end)
        if kind == "deploy":
            self.released[work.key] = work.artifacts.get(artifact.DIGEST, "")

    def stop(self, key: str) -> None:
        job = self.jobs.get(key)
        if job is not None and job.at(self.now()) == RUNNING:
            job.state = STOPPED

    def left(self) -> list[str]:
        """Name what still runs."""
        return [job.key for job in self.jobs.values() if job.at(self.now()) == RUNNING]

    def begun(self) -> dict[str, int]:
        """Count for each attempt how often its work was begun: by itself, and by attempts before it that did it too.

        One key begins once, whoever starts it how often: here as in Docker the second start finds the first. What can
        be done twice is the work of an action, by an attempt that follows one which has not failed.
        """
        return {key: 1 + sum(before.at(self.now()) == DONE for before in self._before(key)) for key in self.jobs}

    def _before(self, key: str) -> Iterator[Job]:
        action, _, attempt = key.rpartition("/")
        names = (f"{action}/{number}" for number in range(1, int(attempt)))
        return (self.jobs[name] for name in names if name in self.jobs)

    def _beware(self, work: Work, kind: str) -> None:
        """See whether this may start now, in the database as it is at this very moment."""
        phase = self._one("SELECT phase FROM runs WHERE id = ?", work.run)
        if phase == "closed" and not self._lingers(work):
            self.breaches.append(f"I8: {work.key} was started after the end of its run")
        before = f"{work.key.rpartition('/')[0]}/{work.attempt - 1}"
        if work.attempt > 1 and self.state(before) not in (FAILED, STOPPED):
            self.breaches.append(f"I8: {work.key} was started, and {before} is {self.state(before)}")
        if kind == "deploy" and work.environment is not None:
            self._beware_deploy(work, work.environment.name)

    def _lingers(self, work: Work) -> bool:
        """Tell whether the journal says of an attempt that its work heeded no cancellation: its request may be late.

        Its environment is still locked then (I3), and it stops what it has begun.
        """
        question = "SELECT data FROM journal WHERE run = ? AND key = ?"
        ended = self.database.execute(question, (work.run, f"{work.key.removeprefix(work.run + '/')}/ended")).fetchone()
        return ended is not None and bool(json.loads(ended[0]).get("lingers"))

    def _beware_deploy(self, work: Work, environment: str) -> None:
        place = (work.service.name, environment)
        holder = self._one("SELECT run FROM locks WHERE service = ? AND environment = ? ORDER BY token, id", *place)
        if holder != work.run:
            self.breaches.append(f"I3: {work.key} was started, and {holder} holds the lock of {environment}")
        for job in self.jobs.values():
            if job.key.startswith(f"{work.run}/"):
                continue
            if job.kind == "deploy" and job.at(self.now()) == RUNNING:
                other = self.plan(job.key.partition("/")[0])
                if (other.service.name, job.environment) == place:
                    self.breaches.append(f"I3: {work.key} was started while {job.key} deploys to {environment}")
        if work.restores or work.environment is None:  # what comes back ran there with the yes of its own run
            return
        if work.environment.approvals and not self._approved(work, environment):
            self.breaches.append(f"I4: {work.key} was started without an approval of exactly this")

    def _approved(self, work: Work, environment: str) -> bool:
        question = "SELECT subject, requester, given_by, decision FROM approvals WHERE run = ? AND environment = ?"
        wanted = subject_of(self.plan(work.run), dict(work.artifacts))
        return any(
            decision == "approved" and subject == wanted and set(json.loads(given_by)) - {requester}
            for subject, requester, given_by, decision in self.database.execute(question, (work.run, environment))
        )

    def _one(self, question: str, *values: str) -> Any:
        row = self.database.execute(question, values).fetchone()
        return None if row is None else row[0]


def _number(options: Mapping[str, Json], name: str, otherwise: float = 0.0) -> float:
    value = options.get(name, otherwise)
    return float(value) if isinstance(value, (int, float)) else otherwise
