"""Kind `command`: run commands, the tests above all, inside the image that was just built."""

import re
from collections.abc import Mapping

from runners import job, options
from runners.containers import Containers
from runners.contract import ActionFailed, Outcome, Sink, Work
from storage.model import artifact
from storage.model.catalog import Json
from storage.model.variables import Reference, parts
from storage.model.worded import worded

_KNOWN = {
    "run": options.commands,
    "image": options.text,
    "env": options.variables,
    "network": options.text,
    "user": options.text,
    "memory": options.memory,
}
_SCRIPT = re.compile(
    r"(?:^|/|\0)(?:[a-z]*sh|python[\d.]*|perl|ruby|node)\0(?:-[a-z]*o\0[^\0]*\0|-[^\0]*\0)*-[a-z]*[ce]\0(?P<script>[^\0]*)"
)
"""A shell or other interpreter that is given its program as a word; words are told apart by NUL."""
_COUNTED = re.compile(r"\b\d+ (?:passed|tests?|examples?|ok)\b|\bOK\b", re.IGNORECASE)


_ERRORS = {
    **job.ERRORS,
    "command_failed": "a command ended with another exit code than 0",
    "no_image": "there is no image to run it in",
}


class CommandRunner:
    """`run: [pytest, -q]`, or a list of such lists, done in turn until one fails."""

    kind = "command"
    errors = _ERRORS
    exports = ()

    def __init__(self, containers: Containers) -> None:
        """Take the engine."""
        self._containers = containers

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options."""
        found = options.problems(options_, _KNOWN, required=("run",))
        return found or [problem for words in _commands(options_.get("run")) for problem in _run_as_code(words)]

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Run each command in a container of its own; no shell reads them."""
        summary = ""
        for number, words in enumerate(_commands(work.options["run"]), 1):
            sink.line("$ " + " ".join(words))
            summary = await self._one(work, sink, words, f"{work.key}#{number}")
        return Outcome(summary=summary)

    async def stop(self, work: Work) -> None:
        """Kill what a dead process left running."""
        await job.stopped(self._containers, work)

    async def _one(self, work: Work, sink: Sink, words: tuple[str, ...], key: str) -> str:
        counted = _Counted(sink)
        ended = await job.finish(self._containers, self._job(work, words, key), work, counted.line)
        if ended.out_of_memory:
            raise ActionFailed(
                worded("`{command}` was killed: out of memory", command=words[0]),
                exit_code=ended.code,
                hint=worded("raise the action's option memory, or let the command use less"),
                error="out_of_memory",
            )
        if ended.code != 0:
            raise ActionFailed(
                worded("`{command}` ended with exit code {code}", command=" ".join(words), code=ended.code),
                exit_code=ended.code,
                error="command_failed",
            )
        return counted.summary or worded("`{command}` succeeded", command=words[0])

    def _job(self, work: Work, words: tuple[str, ...], key: str) -> job.Job:
        named = work.options.get("image") or work.artifacts.get(artifact.IMAGE_ID)
        image = named or work.artifacts.get(artifact.IMAGE)
        if not image:
            raise ActionFailed(
                worded("no image to run in"),
                hint=worded("build one in an earlier stage, or give the action an option image"),
                error="no_image",
            )
        memory = work.options.get("memory")
        return job.Job(
            key=key,
            image=str(image),
            command=words,
            environment={"CI": "true", **options.texts(work.options.get("env"))},
            labels=self._containers.labels(run=work.run, service=work.service.name),
            network=str(work.options.get("network", "bridge")),
            user=str(work.options["user"]) if "user" in work.options else None,
            memory=memory if isinstance(memory, str | int) else None,
        )


class _Counted:
    """Hands lines on and remembers the newest that counts tests: `7 passed in 0.02s`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.summary = ""

    def line(self, text: str) -> None:
        if _COUNTED.search(text):
            self.summary = text.strip(" =")[:80]
        self._sink.line(text)


def _run_as_code(words: tuple[str, ...]) -> list[str]:
    """Note a variable inside a shell's script: whoever names a branch or a commit could write commands there."""
    script = _SCRIPT.search("\0".join(words))
    if script is None or not any(isinstance(part, Reference) for part in parts(script["script"])):
        return []
    return [f"option run: a shell would run what stands in for #{{...}} in {words[-1]!r}: give it by env instead"]


def _commands(run: Json) -> list[tuple[str, ...]]:
    if not isinstance(run, list):
        return []
    lists = run if isinstance(run[0], list) else [run]
    return [tuple(str(word) for word in words) for words in lists if isinstance(words, list)]
