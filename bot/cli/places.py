"""Services and environments as they are named on the command line: by name or alias, as in chat."""

from pathlib import Path


def place(catalog: Path, kind: str, said: str | None) -> tuple[str | None, str]:
    """Give the catalog's name of a `service` or an `environment`, and a sentence where it knows none.

    The word is then given as it is: what the catalog has named so once may still have runs. So it is without a
    catalog that can be read, which knows nothing better.
    """
    from commands.grammar import Fits
    from commands.words import Words
    from storage.catalog import CatalogProblems, load
    from storage.model.soundness import nearest

    if said is None:
        return None, ""
    try:
        known = load(catalog)
    except (CatalogProblems, OSError):
        return said, ""
    found = Words(known, {}).fit(kind, said, {})
    if isinstance(found, Fits):
        return found.values[""], ""
    names = known.services if kind == "service" else known.environments
    meant = f"; did you mean {found.nearest[0]}?" if found.nearest else nearest(said, names)
    return said, f"There is no {kind} {said}{meant}"
