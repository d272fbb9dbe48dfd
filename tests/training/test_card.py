# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's card and the README's table: written from figures, and those of the shipped model up to date."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aqgt.errors import AqgtError
from aqgt.models.registry import load_model, save_model
from aqgt_training.card import model_card
from aqgt_training.cli.app import app
from aqgt_training.evaluation.comparison import read_figures, write_figures
from aqgt_training.evaluation.default_corpus import compose_config
from aqgt_training.evaluation.evaluator import evaluate
from aqgt_training.publishing import BEGIN, END, EVALUATION, publish, with_headline
from aqgt_training.training_facts import FACTS, read_facts, recorded_recipe, write_facts
from tests.models.tiny import tiny_config, tiny_generator
from tests.training.tiny_corpus import tiny_clip, write_tiny_corpus

SHARED = Path(os.environ.get("AQGT_SHARED") or Path(__file__).resolve().parents[3] / "shared")
CORPUS = {
    "kind": "composed",
    "sha256": "ab",
    "performers_held_out": ["Jo"],
    "splits": {"train": {"seconds": 7200, "clips": 300}, "val": {"seconds": 600, "clips": 20}},
}
TRAINED = {"steps": 7, "batch_size": 3, "minutes": 2.0, "device": "cpu", "val_loss": 0.5}
FACTS_OF_IT = {
    "recipe": "debug",
    "word_vectors": "none",
    "corpus": CORPUS,
    "training": TRAINED,
    "limits": ["It means nothing."],
}

_OF_A_SET = {"wrist_error_share": 0.5, "frechet_share": 0.25, "speed_ratio": 0.75, "jerk_ratio": 1.0}
ABLATION = {
    "corpus_sha256": "cd", "hours": 1.0, "steps": 5, "batch": 4, "clips": 1,
    "variants": {
        "base": {
            "about": "the recipe",
            "loss": {"annotated": 1.25, "channels": 1.5, "other_sound": 1.25},
            "annotated": _OF_A_SET,
            "channels": _OF_A_SET,
            "controlled": {
                "gestures": 9, "right_side": 1.0, "bucket": 0.5,
                "excursion": {"small": 0.1, "medium": 0.2, "large": 0.3},
            },
            "seeds": {"variety": 0.5, "variety_typed": 0.25},
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    save_model(folder, tiny_config(), tiny_generator(tiny_config(), seed=3))
    write_facts(folder, FACTS_OF_IT)
    return folder


@pytest.fixture(scope="module")
def figures(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    corpus = write_tiny_corpus(tmp_path_factory.mktemp("corpus"), train_clips=6, val_clips=2, seconds=4)
    voices = {"mumble": [tiny_clip("mumble-00", "val", 0, 4)]}
    return evaluate(load_model(str(model)), corpus, 1, voices=voices).figures


def test_a_card_has_the_facts_and_every_table_of_the_evaluation(
    model: Path, figures: dict[str, Any], tmp_path: Path
) -> None:
    write_figures(figures, tmp_path / "evaluation.json")
    (tmp_path / "ablation.json").write_text(json.dumps(ABLATION))
    (tmp_path / "seen.md").write_text("The thumbs look odd.\n")
    (tmp_path / "README.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    command = ["card", model, "--evaluation", tmp_path / "evaluation.json", "--seen", tmp_path / "seen.md"]
    command += ["--ablation", tmp_path / "ablation.json", "--readme", tmp_path / "README.md"]
    shown = CliRunner().invoke(app, [str(part) for part in command])
    assert shown.exit_code == 0, shown.output
    card = (model / "card.md").read_text(encoding="utf-8")
    for part in (
        "2.0 h in 300 clips", "held out by performer (Jo)", "7 steps of 3 windows", "It means nothing.",
        "LGPL-2.1", "| mumble |", "| annotated |", "The thumbs look odd.",
        "| **base**: the recipe | 1.250, 1.500, 1.250 |", "trained on another corpus",
        "not human behaviour", figures["model_hash"][:12],
    ):  # fmt: skip
        assert part in card, part
    assert "nan" not in card.lower()
    speed = figures["sets"]["annotated"]["speed_ratio"]["value"]
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"{speed:.2f}" in readme
    assert readme.startswith("before\n")
    assert readme.endswith("after\n")
    assert "old" not in readme
    kept = read_figures(model / EVALUATION)
    assert "corpus" not in kept, "paths of a machine stay out"
    assert with_headline(readme, kept) == readme


def test_a_card_without_an_evaluation_says_so(model: Path) -> None:
    assert "Not evaluated yet." in model_card(tiny_config(), FACTS_OF_IT)


def test_figures_of_other_weights_and_missing_facts_are_refused(
    model: Path, figures: dict[str, Any], tmp_path: Path
) -> None:
    write_figures({**figures, "model_hash": "0" * 64}, tmp_path / "evaluation.json")
    with pytest.raises(AqgtError, match="other weights"):
        publish(model, evaluation=tmp_path / "evaluation.json")
    with pytest.raises(AqgtError, match="does not say how"):
        read_facts(tmp_path)
    with pytest.raises(AqgtError, match="no place"):
        with_headline("nothing here", figures)


def test_the_recipe_of_a_models_training_tells_its_corpus(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AqgtError, match="There is no recipe “none”"):
        compose_config(str(model), "none")
    for part in ("config.yaml", "model.safetensors"):
        (tmp_path / part).write_bytes((model / part).read_bytes())
    assert recorded_recipe(str(tmp_path)) is None
    write_facts(tmp_path, {**FACTS_OF_IT, "recipe": "compact-plain"})
    assert recorded_recipe(str(tmp_path)) == "compact-plain"
    if not (SHARED / "data" / "gestures").is_dir():
        pytest.skip(f"the recipes' raw material is missing: {SHARED / 'data'}")
    monkeypatch.setenv("AQGT_SOURCES", str(SHARED / "data"))
    assert compose_config(str(tmp_path)).hold_out_by == "gesture"
    assert compose_config(str(tmp_path), "compact").hold_out_by == "performer"


def test_the_shipped_models_card_and_the_readme_show_its_own_evaluation(checkout: Path) -> None:
    """After a change of the weights: `aqgt-train evaluate`, then `aqgt-train card` (docs/models.md)."""
    folder = checkout / "models" / "compact"
    kept = read_figures(folder / EVALUATION)
    assert kept["model_hash"] == load_model(str(folder)).model_hash
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    assert with_headline(readme, kept) == readme
    ablation, seen = folder / "ablation.json", folder / "seen.md"
    card = model_card(
        load_model(str(folder)).config,
        read_facts(folder),
        kept,
        json.loads(ablation.read_text(encoding="utf-8")) if ablation.is_file() else None,
        seen.read_text(encoding="utf-8") if seen.is_file() else "",
    )
    assert (folder / "card.md").read_text(encoding="utf-8") == card
    assert (folder / FACTS).stat().st_size + (folder / EVALUATION).stat().st_size < 100_000
