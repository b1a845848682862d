"""What must hold whatever died when: the invariants, with what Docker, the registry and people see as evidence."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from storage.model.run import Status
from storage.model.view import RunView
from storage.store import Store
from tests import invariants
from tests.invariants import Evidence
from tests.sweep.outside import Docker, Pushes, page

KEPT = 3
"""Stopped containers of older releases that stay."""
_IN_CONTAINERS = ("buildspec", "command", "docker")
"""What actions use whose work is a container with the key of the attempt."""


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
        found = replace(
            await invariants.evidence(store),
            expected=expected,
            effects=_begun(docker),
            work=_IN_CONTAINERS,
            messages=_messages(workspace),
            replies=_replies(database),
            left=[_name(container) for container in docker.containers(role="job")],
        )
        views = [told.view for told in found.runs]
        wrong = [*_wasted(views), *_pushed(views, registry), *_locks(found), *await _running(store, views, docker)]
    finally:
        await store.close()
    return sorted({*invariants.violations(found), *wrong})


def _begun(docker: Docker) -> Mapping[str, int]:
    """Count containers by key; an action that needs several has begun when it has one (`key#which`)."""
    return {key.partition("#")[0]: 1 for key in docker.created} | dict(docker.created)


def _messages(workspace: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    payloads = [message.get("metadata", {}).get("event_payload", {}) for message in workspace]
    return [(payload["key"], str(payload.get("status"))) for payload in payloads if "key" in payload]


def _wasted(views: Sequence[RunView]) -> Iterator[str]:
    """A kill costs no attempt: what was under way is found again."""
    for view in views:
        for stage in view.stages:
            for action in stage.actions:
                if action.attempt > 1:
                    yield f"{view.run.id}: {stage.stage.name}/{action.action.name} took {action.attempt} attempts"


def _pushed(views: Sequence[RunView], registry: Pushes) -> Iterator[str]:
    for view in views:
        image = view.artifacts.get("image", "").partition("/")[2]
        pushed = registry.count()[image]
        if image and view.status is Status.SUCCEEDED and pushed != 1:
            yield f"{image} was pushed {pushed} times"


def _locks(found: Evidence) -> Iterator[str]:
    yield from (f"the lock of {name} is held or waited for: {line}" for (_, name), line in found.locks.items() if line)


async def _running(store: Store, views: Sequence[RunView], docker: Docker) -> list[str]:
    """Only the current releases run, and they answer."""
    found = []
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
