"""What must hold whatever died when: each breach in one line. Nothing in here asks the bot itself."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from storage.model.event import Event, Kind
from storage.model.fold import fold
from storage.model.run import Run, Status
from storage.model.view import RunView
from storage.store import Store
from tests.sweep.outside import Docker, Pushes, page

KEPT = 3
"""Stopped containers of older releases that stay."""
_ONCE = (Kind.RUN_REQUESTED, Kind.RUN_ENDED, Kind.STAGE_STARTED, Kind.ACTION_STARTED, Kind.ACTION_SUCCEEDED,
         Kind.APPROVAL_REQUESTED, Kind.APPROVED, Kind.LOCK_TAKEN, Kind.RELEASED)  # fmt: skip


async def violations(
    database: Path,
    workspace: Sequence[Mapping[str, Any]],
    docker: Docker,
    registry: Pushes,
    expected: Mapping[str, Status],
) -> list[str]:
    """Say what is wrong, when every run should be over: `expected` has the status in which each one ends.

    `workspace`: every message that people see.
    """
    store = await Store.open(f"sqlite:///{database}", database.parent / "looking")
    try:
        views = {run.id: await _view(store, run) for run in await store.runs.recent(limit=1000)}
        verdict = await store.journal.verify()
        found = [] if verdict.ok else [f"the audit chain is torn: {verdict.why}"]
        found += _ends({name: view.status for name, (view, _) in views.items()}, expected)
        for view, events in views.values():
            found += [*_facts(view, events), *_work(view, docker, registry)]
            for environment in view.run.plan.environments:
                line = await store.locks.queue(view.run.plan.service.name, environment)
                found += [f"the lock of {environment} is held or waited for: {line}"] if line else []
        found += await _running(store, [view for view, _ in views.values()], docker)
        found += _said([view for view, _ in views.values()], _replies(database), workspace)
    finally:
        await store.close()
    return sorted(set(found))


async def _view(store: Store, run: Run) -> tuple[RunView, list[Event]]:
    events = await store.journal.of_run(run.id)
    return fold(run, events), events


def _ends(statuses: Mapping[str, Status], expected: Mapping[str, Status]) -> list[str]:
    if statuses == expected:
        return []
    return [f"the runs are {dict(statuses)}, and should be {dict(expected)}"]


def _facts(view: RunView, events: Sequence[Event]) -> Iterator[str]:
    """Each thing happened once, nothing happened after the end, no attempt was wasted."""
    said = Counter(
        (event.kind, *(str(event.data.get(name, "")) for name in ("stage", "action", "attempt", "environment")))
        for event in events
        if event.kind in _ONCE
    )
    yield from (f"{view.run.id}: {what} {times} times" for what, times in said.items() if times > 1)
    if [event.kind for event in events][-1:] != [Kind.RUN_ENDED]:
        yield f"{view.run.id}: the last fact is {events[-1].kind}, not its end"
    if view.run.status is not view.status:
        yield f"{view.run.id}: the row says {view.run.status}, the journal {view.status}"
    numbers = [event.sequence for event in events]
    if numbers != [*range(1, len(numbers) + 1)]:
        yield f"{view.run.id}: the sequence has holes: {numbers}"
    for stage in view.stages:
        for action in stage.actions:
            if action.attempt > 1:
                yield f"{view.run.id}: {stage.stage.name}/{action.action.name} took {action.attempt} attempts"


def _work(view: RunView, docker: Docker, registry: Pushes) -> Iterator[str]:
    """Nothing was built, tested, pushed or deployed twice, and nothing that counts as done was left out."""
    for key, times in docker.created.items():
        if key.startswith(f"{view.run.id}/") and times != 1:
            yield f"the container of {key} was created {times} times"
    for stage in view.stages:
        for action in stage.actions:
            key = f"{view.run.id}/{stage.stage.name}/{action.action.name}/1"
            inside = action.action.uses in ("buildspec", "command", "docker")
            done = any(name == key or name.startswith(f"{key}#") for name in docker.created)
            if inside and action.status is Status.SUCCEEDED and not done:
                yield f"{key} succeeded, but no container was ever created for it"
    image = view.artifacts.get("image", "").partition("/")[2]
    pushed = registry.count()[image]
    if image and view.status is Status.SUCCEEDED and pushed != 1:
        yield f"{image} was pushed {pushed} times"


async def _running(store: Store, views: Sequence[RunView], docker: Docker) -> list[str]:
    """Only the current releases run, they answer, and nothing else is left of runs that ended."""
    found = [f"{_name(left)} is left of a job" for left in docker.containers(role="job")]
    places = {(view.run.plan.service.name, name) for view in views for name in view.run.plan.environments}
    for service, environment in sorted(places):
        release = await store.releases.current(service, environment)
        ours = docker.containers(role="app", service=service, environment=environment)
        up = [container["Labels"]["estiva.run"] for container in ours if container["State"] == "running"]
        if up != ([release.run] if release else []):
            found.append(f"in {environment} runs {up}, and {release.run if release else 'nothing'} should")
        if len(ours) - len(up) > KEPT:
            found.append(f"{len(ours) - len(up)} stopped containers are kept in {environment}")
        if release and f"<code>{release.commit[:7]}</code>" not in page(release.address):
            found.append(f"{release.address} does not show {release.commit[:7]}: {page(release.address)[:200]}")
    return found


def _name(container: Mapping[str, Any]) -> str:
    return str(container["Names"][0])


def _replies(database: Path) -> list[str]:
    """Keys of the replies that all can read."""
    query = "SELECT id, via, reply FROM requests"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        rows = connection.execute(query).fetchall()
    return [
        f"reply/{id_}" for id_, via, text in rows if via == "mention" and not (text and json.loads(text)["private"])
    ]


def _said(views: Sequence[RunView], replies: Sequence[str], workspace: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """No message is missing or doubled, and the card shows the end."""
    payloads = [message.get("metadata", {}).get("event_payload", {}) for message in workspace]
    seen = Counter(payload["key"] for payload in payloads if "key" in payload)
    wanted = {*replies, *(name for view in views for name in _messages(view))}
    yield from (f"message {key} was said {times} times" for key, times in seen.items() if times > 1)
    yield from (f"message {key} is missing" for key in wanted - set(seen))
    yield from (f"message {key} should not be there" for key in set(seen) - wanted)
    shown = {payload["key"]: payload.get("status") for payload in payloads if "key" in payload}
    for view in views:
        card = shown.get(f"{view.run.id}/card")
        if card != view.status.value:
            yield f"the card of {view.run.id} shows {card}, not {view.status.value}"


def _messages(view: RunView) -> Iterator[str]:
    """Keys of the messages that a run should have by what happened in it."""
    run = view.run.id
    yield f"{run}/card"
    for stage in view.stages:
        if stage.actions and stage.status is Status.SUCCEEDED:
            yield f"{run}/stage/{stage.stage.name}"
        if stage.gate is not None:
            yield f"{run}/approval/{stage.stage.name}"
        for action in stage.actions:
            if action.status in (Status.FAILED, Status.BROKEN):
                yield f"{run}/failure/{stage.stage.name}/{action.action.name}"
    if view.failed is None:
        yield f"{run}/ended"
