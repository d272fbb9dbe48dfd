# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `aqgt`. Each command lives in a file of its own and imports what is heavy when it runs."""

from __future__ import annotations

import sys

import typer

from aqgt import __version__
from aqgt.cli.align import align
from aqgt.cli.annotate import annotate
from aqgt.cli.batch import batch
from aqgt.cli.bench import bench
from aqgt.cli.errors import report_errors
from aqgt.cli.generate import generate
from aqgt.cli.keys import keys_app
from aqgt.cli.live import live
from aqgt.cli.models import models_app
from aqgt.cli.preview import preview
from aqgt.cli.render import render
from aqgt.cli.retarget import retarget
from aqgt.cli.serve import serve
from aqgt.cli.status import status
from aqgt.cli.transcribe import transcribe

app = typer.Typer(
    help="Co-speech gestures for any character: speech in, editable motion out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(generate)
app.command()(serve)
app.command()(status)
app.command()(align)
app.command()(transcribe)
app.command()(annotate)
app.command()(live)
app.command()(preview)
app.command()(bench)
app.command()(retarget)
app.command()(batch)
app.command()(render)
app.add_typer(models_app, name="models")
app.add_typer(keys_app, name="keys")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aqgt {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    version: bool = typer.Option(
        False, "--version", help="Print the version and end.", callback=_print_version, is_eager=True
    ),
) -> None:
    """What all commands share; `main` looks for --debug itself, since errors pass through it."""


def main() -> None:
    """Entry point: errors become a sentence and exit code 2."""
    # --debug is understood wherever it stands, because people append it to a command that just failed.
    debug = "--debug" in sys.argv[1:]
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    with report_errors(debug):
        app(args=arguments, prog_name="aqgt")
