"""`estiva orphans`: what would be removed of what ended runs left, and why; `--remove` removes it now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from bot.cli.catalog import load_or_fail
from bot.cli.terminal import Json, err, harmless, out, run, settings, show_json
from bot.settings import Settings

if TYPE_CHECKING:
    from runners.orphans import Orphan
    from runners.retention import Old

Remove = Annotated[bool, typer.Option("--remove", help="Remove it now; else it is only listed.")]


@dataclass(frozen=True, slots=True)
class Look:
    """What was found or removed, and which places did not answer."""

    things: "Sequence[Orphan | Old]"
    away: list[str]


def orphans(remove: Remove = False, as_json: Json = False) -> None:
    """List what ended runs left on this machine, and what is kept no longer. `estiva serve` removes it by itself.

    Exit code 1 when a place could not be looked at.
    """
    look = run(_look(settings(), remove=remove))
    for problem in look.away:
        err.print(problem, style="red", markup=False)
    rows = [_row(orphan) for orphan in look.things]
    if as_json:
        show_json({"removed": remove, "orphans": rows, "away": look.away})
    elif not rows:
        out.print("Nothing is left of runs that are over, and nothing is older than it may be.")
    else:
        out.print(_table(rows))
        out.print(f"{len(rows)} removed." if remove else "Nothing was removed; `estiva orphans --remove` does it.")
    raise typer.Exit(1 if look.away else 0)


def _row(orphan: "Orphan | Old") -> dict[str, object]:
    found = orphan.leftover
    return {"kind": found.kind, "name": found.name, "run": found.run, "bytes": found.size, "why": orphan.why}


def _table(rows: list[dict[str, object]]) -> Table:
    table = Table("what", "name", "why", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(harmless(str(row[key])) for key in ("kind", "name", "why")))
    return table


async def _look(chosen: Settings, *, remove: bool) -> Look:
    from runners.kinds import Tools, cleaners
    from runners.orphans import Orphans
    from runners.retention import Retention
    from runners.workspaces import Workspaces
    from storage.store import Store

    catalog, data = load_or_fail(chosen.catalog), chosen.data.absolute()
    store = await Store.open(chosen.store_url, data)
    tools, workspaces = Tools(data=data, namespace=chosen.namespace), Workspaces(data / "work")
    try:
        orphans = Orphans(store, (workspaces, *cleaners(tools)))
        retention = Retention(store, tools.images, lambda: catalog, tools.environ, lambda: datetime.now(UTC))
        left = await (orphans.clear() if remove else orphans.found())
        old = await (retention.clear() if remove else retention.found())
        return Look([*left, *old], [*orphans.away.values(), *retention.problems.values()])
    finally:
        workspaces.close()
        tools.close()
        await store.close()
