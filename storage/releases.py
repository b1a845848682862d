"""Which digest runs where since when."""

import dataclasses

from sqlmodel import Session, col, select

from storage.chain import Scribe, hold_run
from storage.database import Database
from storage.holds import after_rollback
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.model.release import Release
from storage.model.run import Trigger
from storage.tables import ReleaseRow, RunRow

_REPEATS = frozenset({Trigger.ROLLBACK, Trigger.REDEPLOY, Trigger.RESTART, Trigger.SCALE})
"""Runs that bring no new release: theirs stands where the one stood that they repeat."""
_FIELDS = tuple(field.name for field in dataclasses.fields(Release))


class Releases:
    """Deploys that took effect."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep releases in `database`."""
        self._database = database
        self._scribe = scribe

    async def record(self, release: Release, *, restored: bool = False) -> bool:
        """Note a release and journal it. False when this run's release to the environment is already noted.

        `restored`: the run put back what had run there before it; that is noted beside its own release.
        """

        def work(session: Session) -> bool:
            hold_run(session, release.run)
            row = self._row(session, release, restored=restored)
            once = select(ReleaseRow.id).where(
                ReleaseRow.run == row.run, ReleaseRow.environment == row.environment, ReleaseRow.restored == restored
            )
            if session.exec(once).first() is not None:
                return False
            before = _rows(session, release.service, release.environment, 1)
            session.add(row)
            session.flush()
            previous = before[0].digest if before else None
            self._scribe.append(session, [_released(release, previous, restored=restored)])
            self._lock_after_rollback(session, release, restored=restored)
            return True

        return await self._database.write(work)

    def _lock_after_rollback(self, session: Session, release: Release, *, restored: bool) -> None:
        """Keep the next deploy from undoing it by accident, whether somebody asked for it or a failed run did it."""
        run = session.exec(select(RunRow.trigger, RunRow.requester).where(RunRow.id == release.run)).one()
        if restored or run[0] == Trigger.ROLLBACK:
            where = {"service": release.service, "environment": release.environment}
            after_rollback(session, self._scribe, **where, owner=run[1], run=release.run)

    def _row(self, session: Session, release: Release, *, restored: bool) -> ReleaseRow:
        trigger = session.exec(select(RunRow.trigger).where(RunRow.id == release.run)).one()
        texts = {name: getattr(release, name) for name in _FIELDS}
        # the words of a commit are whatever somebody wrote
        words = {name: self._scribe.cleaner.text(texts[name]) for name in ("subject", "author")}
        rollback = restored or trigger in _REPEATS
        return ReleaseRow(**{**texts, **words}, rollback=rollback, restored=restored)

    async def current(self, service: str, environment: str) -> Release | None:
        """Return what runs there now."""
        newest = await self.history(service, environment, limit=1)
        return newest[0] if newest else None

    async def history(self, service: str, environment: str, limit: int = 10) -> list[Release]:
        """Return the releases, newest first."""
        return await self._database.read(
            lambda session: [_release(row) for row in _rows(session, service, environment, limit)]
        )

    async def of_run(self, run: str) -> list[Release]:
        """Return what a run released, first to last: to each environment once, and once more what it put back."""
        statement = select(ReleaseRow).where(ReleaseRow.run == run).order_by(col(ReleaseRow.id))
        return await self._database.read(lambda session: [_release(row) for row in session.exec(statement)])

    async def kept(self, service: str, environment: str, count: int) -> set[str]:
        """Return the digests that run there or may be rolled back to: the current one, and `count` before it."""

        def work(session: Session) -> set[str]:
            rows = _rows(session, service, environment, None)
            newest = list(dict.fromkeys(row.digest for row in rows))[: count + 1]
            before = _before_current(rows)
            return {*newest, *([before.digest] if before else [])}

        return await self._database.read(work)

    async def took_effect(self, run: str, environment: str) -> bool:
        """Tell whether a run has released something to an environment."""
        statement = select(ReleaseRow.id).where(ReleaseRow.run == run, ReleaseRow.environment == environment)
        return await self._database.read(lambda session: session.exec(statement).first() is not None)

    async def of_digest(self, service: str, environment: str, digest: str, limit: int = 10) -> list[Release]:
        """Return the releases of one image there, newest first."""
        statement = (
            select(ReleaseRow)
            .where(ReleaseRow.service == service, ReleaseRow.environment == environment, ReleaseRow.digest == digest)
            .order_by(col(ReleaseRow.id).desc())
            .limit(limit)
        )
        return await self._database.read(lambda session: [_release(row) for row in session.exec(statement)])

    async def before(self, run: str, service: str, environment: str) -> Release | None:
        """Return what ran there before a run touched the environment, as its own run had released it."""

        def work(session: Session) -> Release | None:
            row = _origin([row for row in _rows(session, service, environment, None) if row.run != run])
            return None if row is None else _release(row)

        return await self._database.read(work)

    async def origin(self, release: Release) -> Release:
        """Return the release that a release was at first: another one if a run that failed put it back."""

        def work(session: Session) -> Release:
            rows = _rows(session, release.service, release.environment, None)
            here = (n for n, row in enumerate(rows) if (row.run, row.digest) == (release.run, release.digest))
            row = _origin(rows[next(here, len(rows)) :])
            return release if row is None else _release(row)

        return await self._database.read(work)

    async def previous(self, service: str, environment: str) -> Release | None:
        """Return what a rollback goes to: the last one before the current, not one that was rolled back already."""

        def work(session: Session) -> Release | None:
            row = _before_current(_rows(session, service, environment, None))
            return None if row is None else _release(row)

        return await self._database.read(work)


def _origin(rows: list[ReleaseRow]) -> ReleaseRow | None:
    """Give the newest of `rows`, newest first; for one that was put back, the release that it had been at first."""
    at = 0
    while at < len(rows) and rows[at].restored:
        mine, what = rows[at].run, _what(rows[at])
        before = (n for n in range(at + 1, len(rows)) if _what(rows[n]) == what and rows[n].run != mine)
        at = next(before, len(rows))
    return rows[at] if at < len(rows) else None


def _before_current(rows: list[ReleaseRow]) -> ReleaseRow | None:
    """Find the release that a rollback goes to among `rows`, newest first.

    After `one, two, three, back to two` the next rollback goes to `one`: a rollback, and a restart as well, stands
    where the release stood that it repeats.
    """
    at = 0
    while at < len(rows) and rows[at].rollback:
        original = (n for n in range(at + 1, len(rows)) if _what(rows[n]) == _what(rows[at]))
        found = next(original, None)
        if found is None:
            break
        at = found
    return next((row for row in rows[at + 1 :] if _what(row) != _what(rows[at])), None)


def _what(row: ReleaseRow) -> str:
    return _release(row).what


def _rows(session: Session, service: str, environment: str, limit: int | None) -> list[ReleaseRow]:
    statement = (
        select(ReleaseRow)
        .where(ReleaseRow.service == service, ReleaseRow.environment == environment)
        .order_by(col(ReleaseRow.id).desc())
        .limit(limit)
    )
    return list(session.exec(statement))


def _released(release: Release, previous: str | None, *, restored: bool) -> Fact:
    data: dict[str, Json] = {
        "environment": release.environment,
        "commit": release.commit,
        "digest": release.digest,
        "address": release.address,
    }
    return Fact(
        kind=Kind.RELEASED,
        actor="estiva",
        run=release.run,
        key=f"{'restored' if restored else 'released'}/{release.environment}",
        data={
            **data,
            **({} if previous is None else {"previous": previous}),
            **({"rollback": True} if restored else {}),
            **({} if release.replicas is None else {"replicas": release.replicas}),
        },
    )


def _release(row: ReleaseRow) -> Release:
    return Release(**{name: getattr(row, name) for name in _FIELDS})
