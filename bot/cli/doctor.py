"""`estiva doctor`: what is missing for Estiva to work here, and how to mend it."""

from typing import TYPE_CHECKING

import typer

from bot.cli.terminal import Json, out, run, settings, show_json

if TYPE_CHECKING:
    from runners.checkup import Finding


def doctor(as_json: Json = False) -> None:
    """Look at settings, Slack, catalog, database, Docker, registry, repositories; exit code 1 when one is not well."""
    findings = run(_examine(shown=not as_json))
    if as_json:
        show_json([{"what": f.what, "ok": f.ok, "found": f.found, "mend": f.mend} for f in findings])
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


async def _examine(*, shown: bool) -> "list[Finding]":
    from bot.doctor import Doctor

    findings = []
    async for finding in Doctor(settings()).examine():
        findings.append(finding)
        if shown:
            out.print("ok   " if finding.ok else "wrong", style="green" if finding.ok else "red", end=" ")
            out.print(f"{finding.what}: {finding.found}", markup=False)
            if finding.mend:
                out.print(f"      to do: {finding.mend}", markup=False)
    return findings
