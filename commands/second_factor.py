"""The second factor: a code of the approver's authenticator, where an environment wants one."""

import logging
from datetime import datetime
from typing import NoReturn

import pyotp

from commands.approvals import deny, rule_of
from commands.command import Asked
from commands.texts import later
from storage.model.approval import Approval
from storage.second_factors import Code

log = logging.getLogger(__name__)

_STEP = 30
_REFUSALS = {
    Code.WRONG: later("That code is not right."),
    Code.USED: later("That code was used before; wait for the next one."),
    Code.BLOCKED: later("Too many wrong codes: try again in a quarter of an hour."),
}


async def check_code(asked: Asked, approval: Approval) -> None:
    """Refuse a yes without a fresh code of this person, where the rule wants one. The code is used up."""
    if not rule_of(asked, approval).second_factor:
        return
    code = asked.arguments.get("code")
    if code is None:
        text = asked.say("This takes a code of your authenticator: `approve {run} 123456`.", run=approval.run)
        await _refuse(asked, approval, "no_code", text)
    person = asked.catalog.person(asked.request.user)
    totp = _authenticator(asked.desk.environ.get(person.totp_from or "")) if person else None
    if person is None or totp is None:
        text = asked.say("Estiva has no authenticator of yours, and this release takes one. Ask an operator.")
        await _refuse(asked, approval, "no_authenticator", text)
    taken = await asked.desk.store.second_factors.take(person.id, _step_of(totp, code, asked.request.at))
    if taken is not Code.TAKEN:
        await _refuse(asked, approval, f"code_{taken}", asked.say(_REFUSALS[taken]))


def _authenticator(secret: str | None) -> pyotp.TOTP | None:
    """Make the authenticator of a secret; a secret that is none counts as none."""
    try:
        return pyotp.TOTP(secret) if secret else None
    except ValueError:  # its text would say the secret
        log.error("a secret named by totp_from is no base32 text of at least 112 bits: nobody can approve with it")  # noqa: TRY400
        return None


def _step_of(totp: pyotp.TOTP, code: str, at: datetime) -> int | None:
    """Find the time step of a code, one step before or after being near enough; `None` when it is wrong."""
    now = int(at.timestamp()) // _STEP
    steps = [now + offset for offset in (0, -1, 1)]
    return next((step for step in steps if pyotp.utils.strings_equal(totp.generate_otp(step), code)), None)


async def _refuse(asked: Asked, approval: Approval, why: str, text: str) -> NoReturn:
    await deny(asked, approval, why, text)
    raise AssertionError("a denied click is refused")
