# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole evaluation of the debug model on a corpus of seconds: figures, report, command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aqgt.errors import AqgtError
from aqgt.models.registry import load_model
from aqgt_training.cli.app import app
from aqgt_training.evaluation.comparison import read_figures
from aqgt_training.evaluation.default_corpus import compose_config
from aqgt_training.evaluation.evaluator import Evaluation, evaluate
from aqgt_training.evaluation.features import QuickTraining, extractor_for
from aqgt_training.evaluation.html_report import write_report
from tests.training.tiny_corpus import write_tiny_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("corpus"), train_clips=6, val_clips=2, seconds=4)


@pytest.fixture(scope="module")
def evaluation(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    training = QuickTraining(steps=2, batch_size=8)
    extractor = extractor_for(corpus, cache=tmp_path_factory.mktemp("cache"), training=training)
    model = load_model("debug")
    return evaluate(model, corpus, 2, extractor=extractor, against=model)


@pytest.fixture(scope="module")
def report(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "curve.jsonl").write_text('{"step": 1, "total": 2.0}\n{"step": 2, "total": 1.0}\n{"st')
    return write_report(evaluation, folder / "report", n_videos=1, run=folder)


def test_every_set_has_the_same_windows_and_the_baselines_their_known_values(evaluation: Evaluation) -> None:
    figures = evaluation.figures
    assert figures["windows"] == {"per_set": 4, "independent": 2}
    assert list(figures["sets"]) == [
        "annotated", "planner", "none", "previous annotated", "previous planner", "previous none",
        "real", "mean pose", "rest pose", "real, shuffled",
    ]  # fmt: skip
    sets = figures["sets"]
    assert sets["real"]["speed_ratio"]["value"] == 1
    assert sets["real"]["wrist_error_share"]["value"] == 0
    assert sets["mean pose"]["speed_ratio"]["value"] == pytest.approx(0, abs=1e-6)
    assert sets["rest pose"]["frozen_share"]["value"] == 1
    assert sets["rest pose"]["wrist_error_share"]["value"] == pytest.approx(1)
    assert sets["real"]["frechet"]["value"] is None, "four windows have no covariance: no silent 0"
    assert figures["unknown_changes"] == pytest.approx(0, abs=1e-5)
    assert figures["extractor_sha256"]
    control = figures["control"]
    assert control["real"]["side_right"] == 1
    assert control["real"]["peak_error_median"] == 0
    assert control["annotated"]["extent_right"] is None, "the corpus labels no extent"


def test_the_same_model_judged_twice_has_the_same_figures(evaluation: Evaluation) -> None:
    sets = evaluation.figures["sets"]
    for name in ("annotated", "planner", "none"):
        own = {key: value for key, value in sets[name].items() if key != "about"}
        assert own == {key: value for key, value in sets[f"previous {name}"].items() if key != "about"}


def test_the_report_holds_everything(report: Path, evaluation: Evaluation) -> None:
    text = report.read_text(encoding="utf-8")
    for part in ("Sets of motions", "Annotations followed", "Clips, worst first", "Training", "<svg"):
        assert part in text
    assert "http://" not in text.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ), "nothing is loaded from elsewhere"
    worst = evaluation.figures["per_clip"][0]["clip"]
    assert (report.parent / "videos" / f"{worst}.mp4").stat().st_size > 1000
    assert read_figures(report.parent / "evaluation.json") == evaluation.figures


def test_a_browser_shows_the_report(report: Path, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    shown = subprocess.run(
        [*command, "--dump-dom", report.as_uri()], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    assert shown.count("<table") == 5
    assert shown.count("<svg") == 4, "two distributions, clips, curves"
    assert "<video" in shown
    subprocess.run(
        [*command, f"--screenshot={tmp_path / 'page.png'}", "--window-size=1280,1600", report.as_uri()],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    assert (tmp_path / "page.png").stat().st_size > 50_000, "not an empty page"


def test_the_command_line_writes_a_report(corpus: Path, tmp_path: Path) -> None:
    extractor_for(corpus, cache=tmp_path, training=QuickTraining(steps=1, batch_size=4))
    (extractor,) = tmp_path.glob("extractor-*")
    out = tmp_path / "out"
    command = ["evaluate", "--model", "debug", "--corpus", corpus, "--extractor", extractor, "-o", out]
    shown = CliRunner().invoke(app, [*map(str, command), "--clips", "1", "--videos", "0"])
    assert shown.exit_code == 0, shown.output
    assert "Sets of motions" in shown.stdout
    assert (out / "report.html").is_file()
    assert read_figures(out / "evaluation.json")["clips"] == 1
    with pytest.raises(AqgtError, match="Training clips"):
        CliRunner().invoke(app, [*map(str, command), "--split", "train"], catch_exceptions=False)


def test_the_command_line_compares_and_refuses(report: Path, tmp_path: Path) -> None:
    figures = str(report.parent / "evaluation.json")
    shown = CliRunner().invoke(app, ["evaluate", "compare", figures, figures])
    assert shown.exit_code == 0
    assert "+0.000" in shown.stdout
    (tmp_path / "other.json").write_text(json.dumps({"a": 1}))
    with pytest.raises(AqgtError, match="holds no evaluation"):
        CliRunner().invoke(
            app, ["evaluate", "compare", figures, str(tmp_path / "other.json")], catch_exceptions=False
        )
    with pytest.raises(AqgtError, match="No model is named"):
        CliRunner().invoke(app, ["evaluate"], catch_exceptions=False)


def test_without_clips_there_is_no_evaluation(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(AqgtError, match="no clips of 34 frames or more in its test split"):
        evaluate(load_model("debug"), corpus, 3, split="test")


def test_one_clip_is_enough_but_has_no_interval(corpus: Path) -> None:
    figures = evaluate(load_model("debug"), corpus, 1).figures
    speed = figures["sets"]["annotated"]["speed_ratio"]
    assert speed["value"] > 0
    assert speed["low"] is None
    assert "real, shuffled" not in figures["sets"]
    assert "frechet" not in figures["sets"]["real"]


def test_without_raw_material_the_corpus_option_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for kind in ("corpora", "recipes"):
        (tmp_path / "configs" / kind).mkdir(parents=True)
    (tmp_path / "configs/corpora/c.yaml").write_text("gestures: nowhere\ntexts: [nothing.txt]\n")
    (tmp_path / "configs/recipes/compact.yaml").write_text(
        "title: x\ncorpus: {config: ../corpora/c.yaml}\ngenerator: {model: m.yaml, stage: s.yaml}\n"
    )
    monkeypatch.setattr("aqgt.resources.data_path", lambda *parts: tmp_path.joinpath(*parts))
    with pytest.raises(AqgtError, match="nowhere, which is not there") as found:
        compose_config("compact")
    assert "--corpus" in found.value.next_step
