"""`estiva catalog check`: every problem of the catalog at once, each with its line."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.terminal import Json, err, fail, out, settings, show_json
from storage.model.catalog import Catalog

app = typer.Typer(no_args_is_help=True, help="The catalog: what can be deployed, where, by whom.")


def load_or_fail(path: Path) -> Catalog:
    """Load a catalog, or print all its problems and end with exit code 2."""
    from runners.kinds import known_kinds
    from storage.catalog import CatalogProblems, load

    try:
        return load(path, known_kinds())
    except CatalogProblems as problems:
        err.print(str(problems), style="red", markup=False)
        raise typer.Exit(2) from problems
    except OSError as problem:
        fail(
            f"Cannot read {path}: {problem.strerror}. Name a catalog, or set ESTIVA_CATALOG; docs/catalog.md shows how."
        )


@app.command("check")
def check(
    path: Annotated[Path | None, typer.Argument(help="The file; else ESTIVA_CATALOG.")] = None,
    as_json: Json = False,
) -> None:
    """Check a catalog without using it; exit code 2 when it has problems."""
    catalog = load_or_fail(path or settings().catalog)
    facts = {
        "services": list(catalog.services),
        "environments": list(catalog.environments),
        "people": [person.name for person in catalog.people.values()],
        "grants": len(catalog.grants),
        "digest": catalog.digest,
    }
    if as_json:
        show_json(facts)
        return
    out.print("The catalog is good.", style="green")
    for name, value in facts.items():
        out.print(f"  {name}: {', '.join(value) if isinstance(value, list) else value}", markup=False)
