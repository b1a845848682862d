"""Kind `git`: the source of a service, at one commit, in the run's workspace."""

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from runners import options, records
from runners.contract import Outcome, Sink, Work
from runners.mirrors import ERRORS, Mirrors, Resolved
from storage.model import artifact
from storage.model.catalog import Json


class GitRunner:
    """Resolves the ref once; the same run gets the same commit however often it is asked again."""

    kind = "git"
    errors = ERRORS
    exports = ("COMMIT", "AUTHOR", "SUBJECT", "COMMITTED_AT", "SOURCE")

    def __init__(self, mirrors: Mirrors) -> None:
        """Take the mirrors to fetch through."""
        self._mirrors = mirrors

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options."""
        return options.problems(options_, {"ref": options.text})

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Check the commit out into `workspace/source`; a commit among the artifacts wins over any ref."""
        source = work.workspace / "source"
        record = work.workspace / "source.json"
        known = records.recall(record)
        if known:
            resolved = Resolved(**known)
        else:
            resolved = await self._mirrors.resolve(work.service, _ref(work))
            sink.line(f"commit {resolved.commit}{_asked_as(work, resolved.commit)}")
            await asyncio.to_thread(_clear, source)
            await self._mirrors.export(work.service, resolved.commit, source)
            records.keep(record, asdict(resolved))
        sink.line(f"{artifact.short(resolved.commit)} {resolved.subject} ({resolved.author}, {resolved.committed_at})")
        return Outcome(
            artifacts={
                artifact.COMMIT: resolved.commit,
                artifact.AUTHOR: resolved.author,
                artifact.SUBJECT: resolved.subject,
                artifact.COMMITTED_AT: resolved.committed_at,
                artifact.SOURCE: str(source),
            },
            summary=f"{artifact.short(resolved.commit)} {resolved.subject}"[:100],
        )


def _ref(work: Work) -> str:
    known = work.artifacts.get(artifact.COMMIT) or work.artifacts.get(artifact.REF) or work.options.get("ref")
    return str(known or work.service.branch)


def _asked_as(work: Work, commit: str) -> str:
    """Name the branch or tag that was asked for, which the plan may have resolved long ago; not the commit again."""
    asked = str(work.artifacts.get(artifact.REF) or work.options.get("ref") or work.service.branch)
    return "" if commit.startswith(asked.lower()) else f", asked for as {asked}"


def _clear(source: Path) -> None:
    """Take away what an interrupted checkout left."""
    if source.exists():
        shutil.rmtree(source)
