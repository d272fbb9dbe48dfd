# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus …` from end to end on corpora of seconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aqgt import resources
from aqgt.formats.npz import write_npz
from aqgt.models.rest_pose import rest_pose
from aqgt.motion import Motion
from aqgt.preview.video import write_preview
from aqgt_training.cli.app import app
from aqgt_training.corpora import inspection
from aqgt_training.corpora.clip_lmdb import ClipReader
from tests.training.tiny_corpus import write_tiny_corpus

DEBUG = str(resources.data_path("configs", "models", "debug.yaml"))


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["corpus", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("clips"), train_clips=4, val_clips=1)


def test_shards_and_what_inspect_says_of_them(corpus: Path, tmp_path: Path) -> None:
    arguments = (
        "shards",
        corpus,
        "--output",
        tmp_path / "shards",
        "--model",
        DEBUG,
        "--val-from-train",
        "0.3",
    )
    assert "windows" in run(*arguments)
    assert "windows" in run(*arguments, "--resume")
    manifest = json.loads((tmp_path / "shards" / "manifest.json").read_text())
    shown = run("inspect", tmp_path / "shards")
    assert f"train: {manifest['splits']['train']['windows']} windows" in shown
    assert "made with" in shown


def test_inspect_counts_lists_and_plots(corpus: Path, tmp_path: Path) -> None:
    shown = run("inspect", corpus, "--plots", tmp_path / "plots")
    assert "train: 4 clips" in shown
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        f"{split}-{what}.png" for split in ("train", "val") for what in ("motion", "labels")
    }
    with ClipReader(corpus) as reader:
        assert run("inspect", corpus, "--list").split() == reader.names


def test_a_clip_is_drawn_with_its_gestures(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ClipReader(corpus) as reader:
        name = reader.names[0]
        spans = inspection.spans_of(reader[name])
    assert [(span.side, span.label_of("phrase", span.side)) for span in spans] == [("left", "iconic")] * 2
    monkeypatch.setattr(inspection, "write_preview", lambda *a, **k: write_preview(*a, **k, fps=4))
    run("inspect", corpus, "--clip", name, "--video", tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").stat().st_size > 10_000


def test_import_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_npz(tmp_path / "in" / "take.npz", Motion(30, np.repeat(rest_pose()[None], 30, axis=0)))
    said = run("import", tmp_path / "in", "--output", tmp_path / "out", "--without-sound")
    assert "1 clips" in said
    assert "0 recordings were left out" in said
