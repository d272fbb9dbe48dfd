# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train`: corpora, training, evaluation and recipes from the command line."""

from __future__ import annotations

import sys

import typer

from aqgt.cli.errors import report_errors
from aqgt_training.cli import card, evaluate, recipe, stage, word_vectors
from aqgt_training.corpora.cli import app as corpus

app = typer.Typer(
    help="Make and judge gesture models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(corpus, name="corpus", help="Make a training corpus, or look at one.")
app.add_typer(word_vectors.app, name="word-vectors")
app.command("stage")(stage.stage)
app.command("export")(stage.export)
app.add_typer(evaluate.app, name="evaluate")
app.command("card")(card.card)
app.command("recipe")(recipe.recipe)


def main() -> None:
    """Entry point: an error is two sentences and exit code 2; --debug shows its traceback."""
    debug = "--debug" in sys.argv[1:]
    with report_errors(debug):
        app(args=[argument for argument in sys.argv[1:] if argument != "--debug"], prog_name="aqgt-train")


if __name__ == "__main__":
    main()
