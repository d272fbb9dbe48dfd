# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train recipe`: from gesture clips and texts to a model that generates, in one command."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from aqgt.formats.npz import read_npz
from tests.system.conftest import Run


@pytest.fixture
def recipes(checkout: Path) -> Path:
    """The folder of recipes; skipped where the debug recipes' raw material or flite is missing."""
    material = checkout.parent / "shared" / "data" / "gestures"
    if not material.is_dir():
        pytest.skip(f"the recipe's raw material is missing: {material}")
    try:
        ctypes.CDLL("libflite.so.1")
    except OSError:
        pytest.skip("flite is missing (Debian: apt-get install libflite1)")
    return checkout / "configs" / "recipes"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_stage_from_raw_material_to_a_model_that_generates(
    run: Run, recipes: Path, voice: Path, tmp_path: Path
) -> None:
    pytest.importorskip("transformers", reason="the extra “published” is not installed")
    command = ["recipe", recipes / "debug.yaml", "--output", "runs", "--accelerator", "cpu", "--devices", 1]
    first = run("aqgt-train", *command, timeout=280)
    assert first.returncode == 0, first.stderr
    networks = ("pose-vq", "audio-vq", "annotation", "autoencoder")
    for stage in networks:
        assert (tmp_path / "runs" / stage / "network.safetensors").is_file()
    for stage in (*networks, "generator"):
        folder = tmp_path / "runs" / stage
        assert (folder / "curves.png").is_file()
        assert list((folder / "tensorboard").iterdir())
    assert list((tmp_path / "runs" / "generator" / "samples").rglob("*.mp4"))
    _generates(run, voice, "./runs/model", tmp_path)

    kept = [f"runs/{stage}/checkpoint.pt" for stage in (*networks, "generator")]
    before = [(tmp_path / name).stat().st_mtime_ns for name in kept]
    weights = (tmp_path / "runs" / "model" / "model.safetensors").read_bytes()
    again = run("aqgt-train", *command, timeout=280)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("already there") == 7, "corpus, encoders, four networks and the evaluation"
    assert [(tmp_path / name).stat().st_mtime_ns for name in kept] == before
    assert (tmp_path / "runs" / "model" / "model.safetensors").read_bytes() == weights

    exported = run("aqgt-train", "export", "runs/generator", "--name", "mine", "-o", "mine")
    assert exported.returncode == 0, exported.stderr
    assert (tmp_path / "mine" / "model.safetensors").read_bytes() == weights


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_way_of_the_default_model(run: Run, recipes: Path, voice: Path, tmp_path: Path) -> None:
    path = recipes / "debug-compact.yaml"
    command = ["recipe", path, "--work", "work", "--out", "model", "--accelerator", "cpu", "--devices", 1]
    first = run("aqgt-train", *command, timeout=280)
    assert first.returncode == 0, first.stderr

    card = (tmp_path / "model" / "card.md").read_text()
    assert "Corpus: **composed**" in card
    assert "| annotated |" in card, "the card shows the evaluation"
    shown = run("aqgt", "models", "show", "./model")
    assert shown.returncode == 0, shown.stderr
    assert "Debug (a few training steps" in shown.stdout
    _generates(run, voice, "./model", tmp_path)
    _again_repeats_nothing(run, command, tmp_path)
    _the_corpus_can_be_inspected(run)


def _generates(run: Run, voice: Path, model: str, folder: Path) -> None:
    made = run("aqgt", "generate", voice, "--model", model, "-o", "a.npz")
    assert made.returncode == 0, made.stderr
    motion = read_npz(folder / "a.npz").motion
    assert np.isfinite(motion.bone_vectors).all()
    assert np.ptp(motion.bone_vectors, axis=0).max() > 1e-3, "it moves"


def _again_repeats_nothing(run: Run, command: list[object], folder: Path) -> None:
    kept = ["work/words.safetensors", "work/corpus/data.mdb", "work/generator/checkpoint.pt"]
    before = [(folder / name).stat().st_mtime_ns for name in kept]
    weights = (folder / "model" / "model.safetensors").read_bytes()
    again = run("aqgt-train", *command, timeout=280)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("already there") == 3, "words, corpus and the evaluation"
    assert [(folder / name).stat().st_mtime_ns for name in kept] == before
    assert (folder / "model" / "model.safetensors").read_bytes() == weights


def _the_corpus_can_be_inspected(run: Run) -> None:
    inspected = run("aqgt-train", "corpus", "inspect", "work/corpus")
    assert inspected.returncode == 0, inspected.stderr
    for split in ("train", "val"):
        assert f"{split}: " in inspected.stdout
    assert "phrase" in inspected.stdout


def test_a_recipe_that_is_not_there(run: Run) -> None:
    result = run("aqgt-train", "recipe", "none.yaml", "--work", "work", "--out", "model")
    assert result.returncode == 2
    assert "none.yaml" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_recipe_without_a_place_for_its_results(run: Run, checkout: Path) -> None:
    result = run("aqgt-train", "recipe", checkout / "configs" / "recipes" / "debug.yaml")
    assert result.returncode == 2
    assert "--output" in result.stderr
