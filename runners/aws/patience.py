"""Looking again while it may pass: what is followed goes on in AWS, also when AWS does not answer now and then."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from runners.contract import ActionFailed, Sink

T = TypeVar("T")
PATIENCE = 10
"""Looks in a row that may fail for a reason that passes."""


def may_pass(failure: ActionFailed) -> bool:
    """Tell whether the same look may go well later."""
    return failure.retryable


async def patiently(
    look: Callable[[], Awaitable[T]],
    rest: Callable[[], Awaitable[None]],
    sink: Sink,
    goes_on: str,
    passes: Callable[[ActionFailed], bool] = may_pass,
) -> T:
    """Look, and rest and look again while it only fails for reasons that pass. Raises the failure that does not.

    `goes_on` says what happens meanwhile: `the build goes on, and is looked at again`.
    """
    failures = 0
    while True:
        try:
            return await look()
        except ActionFailed as failure:
            failures += 1
            if not passes(failure) or failures > PATIENCE:
                raise
            sink.line(f"{failure.reason}; {goes_on}")
        await rest()
