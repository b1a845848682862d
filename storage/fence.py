"""Who walks a leg, as a number: what an earlier walker still writes is refused, whatever it is.

A worker may be frozen in the middle of an action and wake when another has long gone on. So each time that a worker
takes a leg up the run's epoch rises, and whatever it writes while it is `holding` its claim compares: in the same
transaction, after the rows are locked and before the commit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlmodel import Session

from storage import statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A worker's right to write about a run, until somebody takes it up after it."""

    run: str
    epoch: int


class Overtaken(RuntimeError):  # noqa: N818 - says what has happened
    """Somebody else has taken the run up since; nothing was written."""


_held: ContextVar[Claim | None] = ContextVar("claim", default=None)


@contextmanager
def holding(claim: Claim) -> Iterator[None]:
    """Have everything that is written in the block (and in the tasks that it starts) refused once we are overtaken."""
    before = _held.set(claim)
    try:
        yield
    finally:
        _held.reset(before)


def held() -> Claim | None:
    """Give the claim under which the caller writes; `None`: it writes for itself, as people's commands do."""
    return _held.get()


def check(session: Session, claim: Claim) -> None:
    """Lock the run's row and compare. Raises `Overtaken`, and so undoes the transaction."""
    session.flush()
    compare(claim, session.connection().execute(statements.EPOCH_OF_RUN, {"run": claim.run}).scalar_one_or_none())


def compare(claim: Claim, epoch: int | None) -> None:
    """Raise `Overtaken` unless this is the run's epoch, read in the transaction that writes."""
    if epoch != claim.epoch:
        raise Overtaken(f"{claim.run} was taken up by another worker (epoch {epoch}, ours was {claim.epoch})")
