"""The `estiva` command and its subcommands."""

import typer

from bot.cli import (
    audit,
    buildspec,
    catalog,
    demo,
    docs,
    doctor,
    logs,
    manifest,
    orphans,
    parse,
    runs,
    say,
    serve,
    workspace,
)

app = typer.Typer(
    name="estiva",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Ship from chat: build, test, push, deploy, approve, and remember who did what.",
)
app.command("serve")(serve.serve)
app.command("web")(serve.web)
app.command("worker")(serve.worker)
app.command("workspace")(workspace.workspace)
app.command("demo")(demo.demo)
app.command("say")(say.say)
app.command("parse")(parse.parse_message)
app.command("logs")(logs.logs)
app.command("runs")(runs.runs)
app.command("orphans")(orphans.orphans)
app.command("docs", hidden=True)(docs.docs)
app.command("doctor")(doctor.doctor)
app.command("manifest")(manifest.manifest)
app.add_typer(catalog.app, name="catalog")
app.add_typer(audit.app, name="audit")
app.add_typer(buildspec.app, name="buildspec")
app.add_typer(runs.app, name="run")


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 the work failed, 2 refused or wrong input."""
    app()
