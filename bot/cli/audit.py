"""`estiva audit export` and `estiva audit verify`: the whole trail, and the proof that nobody changed it."""

import csv
import json
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.terminal import Json as AsJson
from bot.cli.terminal import err, out, run, settings, show_json
from bot.settings import Settings

if TYPE_CHECKING:
    from storage.audit import Verdict
    from storage.model.catalog import Json

app = typer.Typer(no_args_is_help=True, help="The audit trail.")


class Format(StrEnum):
    """How the trail is written."""

    CSV = "csv"
    JSON = "json"


@app.command("export")
def export(
    form: Annotated[Format, typer.Option("--format", help="`csv` with one line a fact, or `json`.")] = Format.JSON,
) -> None:
    """Write every fact of the journal to standard output, oldest first."""
    rows = run(_rows(settings()))
    if form is Format.JSON:
        show_json(rows)
        return
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]) if rows else ["id"])
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})


@app.command("verify")
def verify(as_json: AsJson = False) -> None:
    """Check every hash of every chain; exit code 1 and the first bad row when something was changed."""
    verdict = run(_verdict(settings()))
    if as_json:
        show_json(asdict(verdict))
    elif verdict.ok:
        out.print(f"{verdict.rows} facts, every hash holds.", style="green")
    else:
        err.print(
            f"The trail was changed. First bad row: {verdict.first_bad}. {verdict.why}", style="red", markup=False
        )
    raise typer.Exit(0 if verdict.ok else 1)


def _cell(value: object) -> str:
    """Write one value; a leading `=`, `+`, `-` or `@` would be run as a formula by spreadsheets, so it is quoted."""
    text = (
        json.dumps(value, ensure_ascii=False)
        if isinstance(value, (dict, list))
        else str("" if value is None else value)
    )
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) and text != "-" else text


async def _rows(chosen: Settings) -> "list[dict[str, Json]]":
    from storage.store import Store

    store = await Store.open(chosen.store_url, chosen.data)
    try:
        rows: list[dict[str, Json]] = []
        while page := await store.journal.export(int(str(rows[-1]["id"])) if rows else 0):
            rows += page
        return rows
    finally:
        await store.close()


async def _verdict(chosen: Settings) -> "Verdict":
    from storage.store import Store

    store = await Store.open(chosen.store_url, chosen.data)
    try:
        return await store.journal.verify()
    finally:
        await store.close()
