"""`estiva logs [<service or run>]`: the log of the last failure, or of one run, straight from the store."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.terminal import Json, fail, harmless, out, run, settings, show_json
from bot.settings import Settings

if TYPE_CHECKING:
    from storage.model.run import Run
    from storage.model.view import RunView
    from storage.store import Store


def logs(
    what: Annotated[str | None, typer.Argument(help="A service (`hello`) or a run (`hello-12`); else any.")] = None,
    as_json: Json = False,
) -> None:
    """Print the log of the last failed run, or of one run; exit code 2 when there is none."""
    found = run(_find(settings(), what))
    if found is None:
        fail(f"No failed run of {what}." if what else "No run has failed.")
    view, lines = found
    if as_json:
        show_json({"run": view.run.id, "status": view.status.value, "reason": view.reason, "actions": lines})
        return
    out.print(harmless(f"{view.run.id}: {view.status.value} {view.reason}"), markup=False, style="bold")
    for name, written in lines.items():
        out.print(f"== {name}", markup=False, style="bold")
        for line in written:
            out.print(harmless(line), markup=False)


async def _find(chosen: Settings, what: str | None) -> "tuple[RunView, dict[str, list[str]]] | None":
    from storage.model.fold import fold
    from storage.store import Store

    store = await Store.open(chosen.store_url, chosen.data)
    try:
        found = await _which(store, what)
        if found is None:
            return None
        view = fold(found, await store.journal.of_run(found.id))
        lines = {
            f"{stage.stage.name}/{action.action.name}": await store.logs.read(
                found.id, stage.stage.name, action.action.name
            )
            for stage in view.stages
            for action in stage.actions
        }
        return view, {name: written for name, written in lines.items() if written}
    finally:
        await store.close()


async def _which(store: "Store", what: str | None) -> "Run | None":
    return (await store.runs.find(what) if what else None) or await store.runs.last_failed(what)
