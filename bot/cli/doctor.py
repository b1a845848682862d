"""`estiva doctor`: what is missing for Estiva to work here, and how to mend it."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.terminal import Json, out, run, settings, show_json
from bot.role import Role

if TYPE_CHECKING:
    from runners.findings import Finding


def doctor(
    role: Annotated[Role, typer.Option("--for", help="Which process is to run here.")] = Role.SERVE,
    as_json: Json = False,
) -> None:
    """Look at settings, Slack, catalog, database, Docker, registry, repositories; exit code 1 when one is not well."""
    findings = run(_examine(role, shown=not as_json))
    if as_json:
        show_json([{"what": f.what, "ok": f.ok, "found": f.found, "mend": f.mend} for f in findings])
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


async def _examine(role: Role, *, shown: bool) -> "list[Finding]":
    from bot.doctor import doctor_of

    findings = []
    async for finding in (await doctor_of(settings(), role)).examine():
        findings.append(finding)
        if shown:
            out.print("ok   " if finding.ok else "wrong", style="green" if finding.ok else "red", end=" ")
            out.print(f"{finding.what}: {finding.found}", markup=False)
            if finding.mend:
                out.print(f"      to do: {finding.mend}", markup=False)
    return findings
