"""Kind `terraform`: a directory of the commit, with Terraform or OpenTofu.

`do: preview` shows what would change; `do: plan` also keeps the plan file; `do: apply` applies in the same run exactly
that file, whose hash is in the approval's subject. Commands run in a container of the image that the catalog names:
a configuration is a program, and gets what the catalog gives it.
"""

import asyncio
import hashlib
import uuid
from collections.abc import Mapping
from pathlib import Path

from runners import job, options
from runners.aws import errors
from runners.aws.session import Clouds, Visitor
from runners.changes import counted, shown
from runners.containers import Containers
from runners.contract import ActionFailed, Outcome, Sink, Work
from runners.terraform.program import Program
from runners.terraform.told import Change, Told, changes
from storage.model import artifact
from storage.model.catalog import Json
from storage.model.soundness import APPLY, DO, PLAN, PREVIEW
from storage.model.worded import worded

_KNOWN: Mapping[str, options.Check] = {
    DO: options.one_of(PREVIEW, PLAN, APPLY),
    "directory": options.inside,
    "image": options.text,
    "program": options.one_of("terraform", "tofu"),
    "variables": options.variables,
    "backend": options.variables,
    "env": options.variables,
    "secrets_from": options.names,
    "network": options.one_of("host", "none", "bridge"),
    "memory": options.memory,
}
_ERRORS = {
    **job.ERRORS,
    **errors.ERRORS,
    "no_source": "no earlier stage has fetched the source, or the directory is not in it",
    "no_environment": "the stage says no environment",
    "no_secret": "a variable that the catalog names is not set where Estiva runs",
    "plan_failed": "what would change cannot be found out",
    "not_planned": "no earlier stage of the run has planned what should be applied",
    "changes_gone": "the plan that was approved is not there any more, or the infrastructure has changed since",
    "changes_differ": "the plan that is there is not the one that was approved",
    "apply_failed": "a resource failed; what was done before it stays done",
}
_IN_SIGHT = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""What leads into an account and is no secret; it stands in every ARN."""
_CHANGED = 2
"""Exit code of a plan that has something to change."""


class TerraformRunner:
    """Works as the role of the environment, where the catalog names an account."""

    kind = "terraform"
    errors = _ERRORS
    exports = None

    def __init__(self, containers: Containers, environ: Mapping[str, str], clouds: Clouds) -> None:
        """Take the engine, where secrets are read from, and the way to AWS."""
        self._containers = containers
        self._environ = environ
        self._clouds = clouds

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options."""
        return options.problems(options_, _KNOWN, required=(DO, "directory", "image"))

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Plan, or apply what was planned."""
        try:
            return await self._done(work, sink)
        except asyncio.CancelledError:
            if not work.abandoned():
                await self.stop(work)
            raise

    async def _done(self, work: Work, sink: Sink) -> Outcome:
        directory = _directory(work)
        named, entered = self._named(work), await self._entered(work)
        keys = [value for name, value in entered.items() if name not in _IN_SIGHT]
        program = self._program(work, directory, {**named, **entered})
        told = Told(sink, program.place / "outputs", secrets=(*named.values(), *keys))
        if work.options[DO] == APPLY:
            return await self._applied(program, told)
        return await self._planned(program, told)

    async def stop(self, work: Work) -> None:
        """Interrupt what runs of the work, as by Ctrl-C, and wait for its end: only then is the state unlocked."""
        program = self._program(work, work.workspace, {})
        for key in ("init", "plan", "apply"):
            await program.end(key)

    async def _planned(self, program: Program, told: Told) -> Outcome:
        work, file = program.work, _file(program)
        backend = [
            f"-backend-config={name}={value}" for name, value in options.texts(work.options.get("backend")).items()
        ]
        if await program.run("init", "init", "-input=false", "-no-color", *backend, take=told.line):
            raise _not_planned(told)
        code = await program.run(
            *("plan", "plan", "-input=false", "-json", "-detailed-exitcode", f"-out={file}"), take=told.line
        )
        if code not in (0, _CHANGED):
            raise _not_planned(told)
        file.chmod(0o600)
        found = await _changes(program, file)
        for each in found:
            told.say(f"  {each.line}")
        nothing = code == 0
        name = str(work.options["directory"])
        subject = artifact.NO_CHANGES if nothing else _subject(file)
        return Outcome(
            artifacts={artifact.changes(_place(work), name): subject} if work.options[DO] == PLAN else {},
            unchanged=nothing,
            summary=_counted(name, found) if found or nothing else worded("{stack}: only outputs change", stack=name),
            details=shown({name: [each.line for each in found]}),
        )

    async def _applied(self, program: Program, told: Told) -> Outcome:
        work, file = program.work, _file(program)
        name = str(work.options["directory"])
        approved = work.artifacts.get(artifact.changes(_place(work), name))
        if approved is None:
            raise ActionFailed(
                worded("what should change in {stack} was not planned in this run", stack=name),
                hint=worded("let an earlier stage do the same with `do: plan`"),
                error="not_planned",
            )
        if approved == artifact.NO_CHANGES:
            return Outcome(unchanged=True, summary=worded("nothing to change in {stack}", stack=name))
        _check(file, approved, name)
        if await program.run("apply", "apply", "-input=false", "-json", str(file), take=told.line):
            raise _not_applied(told, name)
        return Outcome(variables=told.outputs, summary=worded("{stack} is as it was planned", stack=name))

    def _program(self, work: Work, directory: Path, secrets: Mapping[str, str]) -> Program:
        told = work.options
        place = work.workspace / "terraform" / _place(work) / hashlib.sha256(str(directory).encode()).hexdigest()[:12]
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        memory = told.get("memory")
        return Program(
            containers=self._containers,
            work=work,
            image=str(told["image"]),
            name=str(told.get("program", "terraform")),
            directory=directory,
            place=place,
            environment={
                **options.texts(told.get("env")),
                **{f"TF_VAR_{name}": value for name, value in options.texts(told.get("variables")).items()},
                **secrets,
            },
            network=str(told.get("network", "bridge")),
            memory=memory if isinstance(memory, str | int) else None,
        )

    def _named(self, work: Work) -> dict[str, str]:
        """Give what the catalog names to be taken from where Estiva runs, and no log may show."""
        names = options.words(work.options.get("secrets_from"))
        missing = [name for name in names if not self._environ.get(name)]
        if missing:
            raise ActionFailed(
                worded("{names} is not set where Estiva runs", names=", ".join(missing)),
                hint=worded("set it there, or take it out of the action's secrets_from"),
                error="no_secret",
            )
        return {name: self._environ[name] for name in names}

    async def _entered(self, work: Work) -> dict[str, str]:
        """Give the way into the environment's account, where it has one."""
        place = work.environment.aws if work.environment else None
        account = await self._clouds.enter(place, Visitor.of(work)) if place else None
        return await account.credentials() if account else {}


def _directory(work: Work) -> Path:
    source = work.artifacts.get(artifact.SOURCE)
    directory = Path(source) / str(work.options["directory"]) if source else None
    if (
        directory is None
        or not directory.is_dir()
        or not directory.resolve().is_relative_to(Path(str(source)).resolve())
    ):
        raise ActionFailed(
            worded("there is no directory {name} in the source", name=work.options["directory"]),
            hint=worded("fetch the source in an earlier stage, and name a directory that is in it"),
            error="no_source",
        )
    return directory


def _place(work: Work) -> str:
    if work.environment is None:
        raise ActionFailed(
            worded("the stage has no environment whose infrastructure it could be"),
            hint=worded("set the stage's environment in the catalog"),
            error="no_environment",
        )
    return work.environment.name


def _file(program: Program) -> Path:
    return program.place / "plan"


def _subject(file: Path) -> str:
    """Say which plan it is, and what is in it: people approve exactly this."""
    return f"{file.parent.name} sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def _check(file: Path, approved: str, name: str) -> None:
    """Raise `ActionFailed` unless the file is the plan that was approved."""
    if not file.exists():
        raise ActionFailed(
            worded("the approved plan of {stack} is not on this machine any more", stack=name),
            hint=worded("nothing was changed: ask for the plan again"),
            error="changes_gone",
        )
    if _subject(file) != approved:
        raise ActionFailed(
            worded("the plan of {stack} is not the one that was approved", stack=name),
            hint=worded("nothing was changed: ask for the plan again"),
            error="changes_differ",
        )


async def _changes(program: Program, file: Path) -> list[Change]:
    """Read the plan. Values are in it, secret ones too: nothing of that goes to a log."""
    lines: list[str] = []
    code = await program.run(f"show-{uuid.uuid4().hex[:8]}", "show", "-json", "-no-color", str(file), take=lines.append)
    try:
        return changes("\n".join(lines)) if code == 0 else _unreadable()
    except ValueError:
        return _unreadable()


def _unreadable() -> list[Change]:
    raise ActionFailed(
        worded("the plan cannot be read back"),
        hint=worded("see that the image has Terraform 1.5 or OpenTofu 1.6, or newer"),
        error="plan_failed",
    )


def _counted(name: str, found: list[Change]) -> str:
    actions = [set(each.actions) for each in found]
    return counted(
        name,
        add=actions.count({"create"}),
        change=sum("update" in each or each == {"create", "delete"} for each in actions),
        replace=sum(each.replaces for each in found),
        remove=actions.count({"delete"}) + actions.count({"forget"}),
    )


def _not_planned(told: Told) -> ActionFailed:
    why = told.errors[0] if told.errors else worded("its words are in the log")
    return ActionFailed(
        worded("Terraform cannot plan: {why}", why=why),
        hint=worded("nothing was changed: mend the configuration, then ask again"),
        error="plan_failed",
    )


def _not_applied(told: Told, name: str) -> ActionFailed:
    why = told.errors[0] if told.errors else worded("its words are in the log")
    if "plan is stale" in why:
        return ActionFailed(
            worded("the state of {stack} has changed since it was planned", stack=name),
            hint=worded("nothing was changed: ask for the plan again"),
            error="changes_gone",
        )
    return ActionFailed(
        worded("Terraform cannot apply the plan of {stack}: {why}", stack=name, why=why),
        hint=worded("what was done before stays done: mend the cause, then ask for the plan again"),
        error="apply_failed",
    )
