"""How much of each service's past stays: its `keep` in the catalog, counted anew every hour.

An image never goes that an environment runs, that a rollback may need, that a run in progress or waiting holds, or
that a container was made of. What goes is written into the journal first, so that the record names what is missing.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from runners import registry
from runners.aws.ecr import Registries
from runners.aws.session import Visitor
from runners.contract import ActionFailed, Away, Leftover
from runners.crash import crash_here
from runners.images import Image, Images
from runners.walk import view_of
from storage.model import artifact
from storage.model.catalog import Catalog, Json, Keep, Service
from storage.model.event import Fact, Kind
from storage.model.run import service_of
from storage.store import Store

_log = logging.getLogger(__name__)
_ASKED = 50
_NAMES = (artifact.IMAGE, artifact.IMAGE_ID, artifact.DIGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """Something that is kept no longer, and why."""

    leftover: Leftover
    why: str
    fact: Fact
    remove: Callable[[], Awaitable[bool]]


@dataclass(slots=True)
class Retention:
    """Finds and removes what is kept no longer."""

    store: Store
    images: Images
    catalog: Callable[[], Catalog]
    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    ecr: Registries | None = None
    problems: dict[str, str] = field(default_factory=dict)
    """What could not be looked at or removed -> why."""

    async def found(self) -> list[Old]:
        """List everything that is kept no longer."""
        self.problems.clear()
        catalog, old = self.catalog(), []
        for service in catalog.services.values():
            old += await self._images(catalog, service)
        return old + await self._logs(catalog)

    async def clear(self) -> list[Old]:
        """Remove everything that is kept no longer; gives what went."""
        return [old for old in await self.found() if await self._cleared(old)]

    async def _cleared(self, old: Old) -> bool:
        crash_here("retire.before")
        await self.store.journal.append(old.fact)
        try:
            gone = await old.remove()
        except (Away, ActionFailed, OSError) as problem:
            self._note(old.leftover.name, problem)
            return False
        crash_here("retire.after")
        if gone:
            _log.info("removed the %s %s: %s", old.leftover.kind, old.leftover.name, old.why)
        return gone

    def _note(self, what: str, problem: Exception) -> None:
        _log.warning("%s stays for now: %s", what, problem)
        self.problems[what] = str(problem)

    async def _images(self, catalog: Catalog, service: Service) -> list[Old]:
        made = [made for _, made in await self.store.runs.made(service.name) if made.get(artifact.IMAGE)]
        needed = await self._needed(catalog, service)
        old = await self._on_engine(service, _values(made), needed)
        if service.keep.registry:
            old += await self._in_registry(catalog, service, made, needed)
        return old

    async def _needed(self, catalog: Catalog, service: Service) -> set[str]:
        """Ids, digests and names of the images that have to stay."""
        needed: set[str] = set()
        for environment in catalog.environments:
            needed |= await self.store.releases.kept(service.name, environment, service.keep.releases)
        for run in await self.store.runs.active(service.name):
            _, view, _ = await view_of(self.store, run.id)
            needed |= {run.id, *_values([view.artifacts])}
        return needed - {""}

    async def _on_engine(self, service: Service, known: set[str], needed: set[str]) -> list[Old]:
        try:
            there = await self.images.of(service.image, known)
        except (Away, OSError) as problem:
            self._note(f"images of {service.name}", problem)
            return []
        older = there[service.keep.images :]
        return [self._image(service, image) for image in older if not needed & {image.id, image.run, *_all(image)}]

    def _image(self, service: Service, image: Image) -> Old:
        why = f"{service.name} keeps {service.keep.images} images here"
        return Old(
            leftover=Leftover(kind="image", id=image.id, name=image.names[0], run=image.run, size=image.size),
            why=why,
            fact=self._retired(service, ", ".join(image.names), "engine", why),
            remove=partial(self.images.forget, image),
        )

    async def _in_registry(
        self, catalog: Catalog, service: Service, made: Iterable[Mapping[str, str]], needed: set[str]
    ) -> list[Old]:
        """Only digests that a run of ours has pushed; whatever else is in the registry is others'."""
        pushed = dict.fromkeys(digest for each in made if (digest := each.get(artifact.DIGEST)))
        # what lies far behind has gone long ago: only so many are asked about
        older = list(pushed)[service.keep.images :][:_ASKED]
        try:
            there = [each for each in older if each not in needed and await self._there(catalog, service, each)]
        except ActionFailed as problem:
            self._note(f"images of {service.name} in the registry", problem)
            return []
        why = f"{service.name} keeps {service.keep.images} images in the registry"
        return [
            Old(
                leftover=Leftover(kind="registry", id=digest, name=f"{service.image}@{digest}", run=""),
                why=why,
                fact=self._retired(service, f"{service.image}@{digest}", "registry", why),
                remove=partial(self._deleted, catalog, service, digest),
            )
            for digest in there
        ]

    async def _there(self, catalog: Catalog, service: Service, digest: str) -> bool:
        login = await registry.login(catalog.registry, service.image, self.environ, self.ecr, _on_behalf_of(service))
        return await registry.manifest(service.image, digest, login) is not None

    async def _deleted(self, catalog: Catalog, service: Service, digest: str) -> bool:
        name, known = registry.Name.parse(service.image), catalog.registry.ecr
        if known is not None and self.ecr is not None and name.host == catalog.registry.host:
            await self.ecr.delete(known, name.path, digest, _on_behalf_of(service))
        else:
            login = registry.credentials(catalog.registry, service.image, self.environ)
            await registry.delete(service.image, digest, login)
        return True

    def _retired(self, service: Service, image: str, where: str, why: str) -> Fact:
        data: dict[str, Json] = {"service": service.name, "image": image, "where": where, "why": why}
        # once a day at most: what was fetched or pushed anew goes anew
        key = f"retired/{where}/{image}"[:500] + f"/{self.clock():%Y-%m-%d}"
        return Fact(kind=Kind.IMAGE_RETIRED, actor="estiva", key=key, data=data)

    async def _logs(self, catalog: Catalog) -> list[Old]:
        kept = await self.store.logs.kept()
        by_service: dict[str, list[str]] = {}
        for run in kept:
            by_service.setdefault(service_of(run), []).append(run)
        old: list[Old] = []
        for name, runs in by_service.items():
            keep = catalog.services[name].keep if name in catalog.services else Keep()
            ended = await self.store.runs.ended_before(self.clock() - timedelta(seconds=keep.logs), runs)
            old += [self._log(name, run, kept[run], keep) for run in ended]
        return old

    def _log(self, service: str, run: str, size: int, keep: Keep) -> Old:
        data: dict[str, Json] = {"service": service, "runs": [run], "bytes": size, "older_than": keep.logs}
        return Old(
            leftover=Leftover(kind="logs", id=run, name=run, run=run, size=size),
            why=f"{service} keeps logs for {keep.logs // 86_400} days",
            fact=Fact(kind=Kind.LOGS_DELETED, actor="estiva", key=f"logs/{run}", data=data),
            remove=partial(self._forgotten, run),
        )

    async def _forgotten(self, run: str) -> bool:
        await self.store.logs.delete(run)
        return True


def _on_behalf_of(service: Service) -> Visitor:
    """Enter the registry's account for what no run does."""
    return Visitor(name="estiva-retention", tags={"estiva:service": service.name})


def _values(made: Iterable[Mapping[str, str]]) -> set[str]:
    return {str(each[name]) for each in made for name in _NAMES if each.get(name)}


def _all(image: Image) -> set[str]:
    return {*image.names, *image.digests}
