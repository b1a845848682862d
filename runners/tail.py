"""What the containers of a release write, as far as the engine keeps it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from runners import hidden
from runners.containers import Containers
from runners.contract import ActionFailed
from runners.releases import name_of
from storage.model.worded import worded
from storage.redact import Redactor


async def tail(
    containers: Containers, service: str, environment: str, serving: Collection[str], since: datetime | None, lines: int
) -> list[str]:
    """Read the newest lines of the containers that serve; where several do, in the order of time, each with its name.

    Where none of `serving` runs, it is the one that was started last. The secrets that they were given are masked.
    """

    def read(engine: Any) -> list[str]:
        filters = containers.filters(role="app", service=service, environment=environment)
        running = sorted(engine.containers(filters=filters), key=lambda each: int(each["Created"]))
        if not running:
            raise ActionFailed(
                worded("no container of {service} runs in {environment}", service=service, environment=environment),
                hint=worded("deploy it first"),
                error="not_running",
            )
        found = [each for each in running if name_of(each) in serving] or running[-1:]
        masking = hidden.redactor_of(engine, [each["Id"] for each in found])
        several = len(found) > 1
        told = sorted(line for each in found for line in _timed(engine, each, since, lines, masking, several=several))
        return [line for _, line in told[-lines:]]

    return await containers.ask(read)


def _timed(
    engine: Any,
    container: Mapping[str, Any],
    since: datetime | None,
    lines: int,
    masking: Redactor,
    *,
    several: bool,
) -> list[tuple[tuple[str, int], str]]:
    """Give each line with its time, and its place among those of the same time."""
    seconds = None if since is None else int(since.timestamp())
    said = engine.logs(container["Id"], stdout=True, stderr=True, tail=lines, since=seconds, timestamps=True)
    name = f"{name_of(container)} | " if several else ""
    stamped = [line.partition(" ") for line in said.decode(errors="replace").splitlines()]
    shown = masking.stream().redact([text for _, _, text in stamped])
    times = [(time, number) for number, (time, _, _) in enumerate(stamped)]
    return [(time, name + text) for time, text in zip(times, shown, strict=True)]
