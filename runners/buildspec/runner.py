"""Kind `buildspec`: the repository's buildspec, built as CodeBuild would, as one action of a pipeline.

With `privileged: true` the build gets the engine's socket, which equals root on this machine: only for repositories
that the operators trust.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from docker.errors import ImageNotFound

from runners import job, options, registry
from runners.aws import ecr, errors
from runners.aws.ecr import Registries
from runners.aws.gate import Gate
from runners.aws.session import NOWHERE, Clouds, Visitor
from runners.buildspec import definitions, failure, role
from runners.buildspec.aws_values import Asking, AwsValues, of_account, of_environment
from runners.buildspec.batch import BatchBuild
from runners.buildspec.batch_record import BatchRecord
from runners.buildspec.build import Build, threaded
from runners.buildspec.copies import combined
from runners.buildspec.definitions import image_of, not_pushed
from runners.buildspec.environment import About
from runners.buildspec.failure import failure_of, failure_of_batch
from runners.buildspec.machine import DockerMachine
from runners.buildspec.order import Order
from runners.buildspec.record import Record
from runners.buildspec.references import Allowed, Values
from runners.buildspec.reports import ReportResult
from runners.containers import Containers
from runners.contract import ActionFailed, Outcome, Sink, Work
from runners.push import image_id_of
from storage.model import artifact
from storage.model.catalog import Json, Registry
from storage.model.cloud import Aws
from storage.model.worded import worded

_KNOWN = {
    "buildspec": options.inside,
    "image": options.text,
    "pull": options.flag,
    "privileged": options.flag,
    "env": options.variables,
    "network": options.one_of("host", "none", "bridge"),
    "memory": options.memory,
    "cpus": options.seconds,
    "cache": options.flag,
    "parameter_store": options.names,
    "secrets_manager": options.names,
    "aws": options.flag,
    "batch": options.flag,
    "images": options.names,
}
_ERRORS = {
    **registry.ERRORS,
    **ecr.ERRORS,
    **job.ERRORS,
    **failure.ERRORS,
    **definitions.ERRORS,
    **errors.ERRORS,
    **NOWHERE,
}

_AHEAD = 10
"""Seconds at most that a build is timed out before its action is."""
_NOBODY: Mapping[str, str] = {"username": "", "password": ""}
"""Else the SDK would send what this machine's own user is logged in with."""


class BuildspecRunner:
    """Hands on the image that `imagedefinitions.json` names, and the exported variables."""

    kind = "buildspec"
    errors = _ERRORS
    exports = None

    def __init__(
        self,
        containers: Containers,
        environ: Mapping[str, str],
        caches: Path,
        ecr: Registries | None = None,
        clouds: Clouds | None = None,
    ) -> None:
        """Take the engine, where credentials are, where the caches of services are kept, and the way to AWS."""
        self._clouds = clouds or Clouds()
        self._ecr = ecr
        self._gate = Gate(ecr)
        self._containers = containers
        self._environ = environ
        self._caches = caches

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options."""
        return options.problems(options_, _KNOWN, required=("image",))

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Run the phases, or follow them if they run already, then collect what they made."""
        login = await registry.login(work.registry, work.service.image, self._environ, self._ecr, Visitor.of(work))
        if _may_push(work):
            await self._gate.ensure_if_allowed(work, sink)
        allowed = [options.words(work.options.get(name)) for name in ("parameter_store", "secrets_manager")]
        values = Allowed(AwsValues(self._asking(work)), *allowed)
        order = self._order(work, login)
        built = self._batch if work.options.get("batch") is True else self._one
        record, succeeded = await built(work, order, values, sink)
        made = await self._image(work, login, sink) if record.artifacts else {}
        return Outcome(
            artifacts={**{f"exported.{name}": value for name, value in record.exported.items()}, **made},
            variables=record.exported,
            summary=made.get(artifact.IMAGE) or _tested(record.reports) or succeeded,
        )

    async def _one(self, work: Work, order: Order, values: Values, sink: Sink) -> tuple[Record, str]:
        keys = await self._keys(work, order.key)
        order = replace(order, keys=keys, hidden=(*order.hidden, *keys.values()))
        build = Build(DockerMachine(self._containers), values, order, sink.line)
        record = await build.run()
        if failed := failure_of(build, work):
            raise failed
        return record, worded("the build succeeded")

    async def _batch(self, work: Work, order: Order, values: Values, sink: Sink) -> tuple[BatchRecord, str]:
        """Do the builds of a batch. Their artifacts are put together, as CodeBuild combines them."""
        order = replace(order, artifacts=work.workspace / ".batch" / job.name_of("artifacts", work.key))
        keys, tell = partial(self._keys, work), work.tell
        machine = DockerMachine(self._containers)
        batch = BatchBuild(machine, values, order, sink.line, keys=keys, tell=tell, within=order.timeout)
        record = await batch.run()
        if failed := failure_of_batch(batch, work):
            raise failed
        if record.artifacts:
            await threaded(lambda: combined(record.artifacts, work.workspace / "artifacts"))
        return record, worded("{build} succeeded", build=batch.name)

    async def _keys(self, work: Work, key: str) -> Mapping[str, str]:
        """Give the keys of the role to a build, where the catalog says so."""
        if work.options.get("aws") is not True:
            return {}
        return await role.keys_of(work, key, self._containers, self._clouds)

    async def stop(self, work: Work) -> None:
        """Kill what a dead process left running."""
        await job.stopped(self._containers, work)

    def _asking(self, work: Work) -> Asking:
        """Ask as the role of the environment, where the catalog names one."""
        place = _place(work)
        if place is None:
            return of_environment(self._environ)
        return of_account(self._clouds, place, Visitor.of(work), asyncio.get_running_loop())

    def _order(self, work: Work, login: Mapping[str, str] | None) -> Order:
        told = work.options
        memory, cpus = told.get("memory"), told.get("cpus")
        return Order(
            key=work.key,
            about=self._about(work, login),
            source=Path(work.artifacts.get(artifact.SOURCE, work.workspace / "source")),
            workspace=work.workspace,
            artifacts=work.workspace / "artifacts",
            secondary=work.workspace / "secondary-artifacts",
            buildspec=str(told.get("buildspec") or ""),
            overrides=options.texts(told.get("env")),
            hidden=(login["password"],) if login else (),
            privileged=told.get("privileged") is True,
            network=str(told.get("network", "none")),
            memory=memory if isinstance(memory, str | int) else None,
            cpus=cpus if isinstance(cpus, int | float) else None,
            pull=told.get("pull") is True,
            login=lambda image: login if login and _is_there(work.registry, image) else _NOBODY,
            images=(str(told["image"]), *options.words(told.get("images"))),
            timeout=_before(work.timeout),
            caches=self._caches / work.service.name if told.get("cache") is True else None,
            cached=work.service.keep.caches,
            labels=self._containers.labels(run=work.run, service=work.service.name),
            abandoned=work.abandoned,
        )

    def _about(self, work: Work, login: Mapping[str, str] | None) -> About:
        commit = work.artifacts.get(artifact.COMMIT, "")
        known = {"REGISTRY_USERNAME": login["username"], "REGISTRY_PASSWORD": login["password"]} if login else {}
        return About(
            project=work.service.name,
            number=work.run.rpartition("-")[2],
            suffix=f"{work.run}-{work.attempt}",
            image=str(work.options["image"]),
            initiator=f"estiva/{work.run}",
            repository=work.service.repository,
            asked=work.artifacts.get(artifact.REF, commit),
            commit=commit,
            extra={"REGISTRY": work.registry.host, "IMAGE_REPOSITORY": work.service.image, **known},
            **self._where(work),
        )

    def _where(self, work: Work) -> dict[str, str]:
        """Say in which region and account of AWS it is built, as far as anybody knows."""
        if place := _place(work):
            return {"region": place.region, "account": place.account}
        return {"region": self._environ.get("AWS_REGION") or self._environ.get("AWS_DEFAULT_REGION") or ""}

    async def _image(self, work: Work, login: Mapping[str, str] | None, sink: Sink) -> dict[str, str]:
        """Name the image of `imagedefinitions.json`, with what the registry holds under it by now."""
        image = image_of(work)
        if image is None:
            return {}
        uri = image.uri
        there = await registry.manifest(image.repository, image.reference, login)
        if there:
            await self._gate.passed(work, image.repository, there.digest, sink)
            return image.as_held(there)
        if image.pinned:  # a digest is the registry's own name for it: nothing can be pushed under it later
            raise not_pushed(image)
        try:
            image_id = await self._containers.ask(lambda engine: image_id_of(engine, uri))
        except ImageNotFound as error:
            raise ActionFailed(
                worded("{uri} is neither in the registry nor on this machine", uri=uri),
                hint=worded("let the buildspec build it under that name"),
                error="image_missing",
            ) from error
        return {artifact.IMAGE: uri, artifact.IMAGE_ID: image_id}


def _before(timeout: int | None) -> int:
    """Give the build a little less time than its action has: it ends by itself, and its log says so."""
    return timeout - min(_AHEAD, timeout // 10) if timeout else 0


def _place(work: Work) -> Aws | None:
    return work.environment.aws if work.environment else None


def _may_push(work: Work) -> bool:
    """Tell whether the build reaches a registry at all: by the network, or by the engine."""
    return work.options.get("privileged") is True or work.options.get("network", "none") != "none"


def _is_there(place: Registry, image: str) -> bool:
    """Tell whether an image is of this registry: a credential goes only to the host it was configured for."""
    return registry.Name.parse(image).host == place.host


def _tested(reports: Sequence[ReportResult]) -> str:
    """Sum the tests up: `tests: 7 passed`."""
    counts = [report.document().get("testSummary", {}).get("statusCounts", {}) for report in reports]
    passed, failed = (sum(each.get(word, 0) for each in counts) for word in ("SUCCEEDED", "FAILED"))
    if failed:
        return worded("tests: {passed} passed, {failed} failed", passed=passed, failed=failed)
    return worded("tests: {passed} passed", passed=passed) if passed else ""
