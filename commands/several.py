"""One message that names several services: the same command once for each, under one answer.

All of them are allowed before any is begun; what else can be in the way of one (a branch that is not there) is said in
its line, and does not stop the others. Each has a delivery identity of its own, so that however often the message
is handled, each is done once.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from commands.command import Asked
from commands.permit import permit
from storage.model.reply import Reply, Table, Verdict
from storage.model.request import Request

_MOST = 5
"""Buttons under one answer."""
_FIRST = (Verdict.BROKEN, Verdict.STARTED, Verdict.DONE, Verdict.ASK, Verdict.REFUSED)
"""What the whole is called: by the first of these that one of them is."""


def part_of(request: Request, number: int) -> Request:
    """Give the request for one of several services, numbered from 0. The first keeps the message's own identity."""
    return request if number == 0 else replace(request, id=f"{request.id}/{number + 1}")


async def all_of(every: Sequence[Asked]) -> Reply:
    """Give a command once for each service that was named, and answer for all of them together."""
    for asked in every:
        permit(asked, service=asked.arguments.get("service"), environment=asked.arguments.get("environment"))
    replies = [await _one(asked) for asked in every]
    runs = [reply.run for reply in replies if reply.run]
    return Reply(
        verdict=min((reply.verdict for reply in replies), key=_FIRST.index),
        text="\n".join(dict.fromkeys(reply.text for reply in replies)),
        table=_joined([reply.table for reply in replies if reply.table]),
        offers=tuple(offer for reply in replies for offer in reply.offers)[:_MOST],
        run=runs[0] if runs else None,
        private=all(reply.private for reply in replies),
    )


def _joined(tables: Sequence[Table]) -> Table | None:
    """Put tables under one header: the widest, with a dash where another has no such column."""
    if not tables:
        return None
    header = max((table.header for table in tables), key=len)
    rows = [dict(zip(table.header, row, strict=True)) for table in tables for row in table.rows]
    return Table(header=header, rows=tuple(tuple(row.get(column, "-") for column in header) for row in rows))


async def _one(asked: Asked) -> Reply:
    reply = await asked.desk.guarded(asked.request, asked.language, partial(asked.command.handle, asked))
    named = "" if reply.verdict in (Verdict.STARTED, Verdict.DONE) else f"`{asked.arguments['service']}`: "
    return replace(reply, text=named + reply.text)
