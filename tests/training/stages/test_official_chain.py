# SPDX-License-Identifier: GPL-3.0-or-later
"""From the published databases, command by command, to a published network that an engine generates with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from aqgt.errors import AqgtError
from aqgt.generation import generate
from aqgt.models.registry import load_model
from aqgt.protocol.messages import GenerateRequest
from aqgt.resources import data_path
from aqgt_training.cli.app import app
from aqgt_training.corpora.shards import open_shards
from aqgt_training.stages.running import open_stage, read_stage
from aqgt_training.stages.tiny_encoders import write_tiny_encoders
from tests.training.stages.conftest import SMALL

SHARED = Path(os.environ.get("AQGT_SHARED") or Path(__file__).resolve().parents[4] / "shared")
RECORDS = SHARED / "vectors" / "evaluation" / "legacy_lmdb" / "clips"
pytestmark = pytest.mark.skipif(not RECORDS.is_dir(), reason=f"there is no folder {RECORDS}")

MODEL = data_path("configs", "models", "debug_published.yaml")
AUDIO_VQ = ("--config", data_path("configs", "stages", "debug-audio-vq.yaml"))
FEW = ("--set", "max_steps=2", "--set", "validate_every=0", "--set", "batch_size=4")


def command(*arguments: object) -> None:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if isinstance(result.exception, AqgtError):
        raise result.exception
    assert result.exception is None, result.output


def stage(name: str, *arguments: object) -> None:
    command("stage", name, *arguments, "--accelerator", "cpu", "--devices", 1)


def database(folder: Path, record: bytes, count: int) -> Path:
    """A record under several keys."""
    folder.mkdir(parents=True)
    with lmdb.open(str(folder), map_size=1 << 27) as environment, environment.begin(write=True) as view:
        for key in range(count):
            view.put(f"{key:010d}".encode(), record)
    return folder


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``clips``, ``encoders``, the networks before the generator's, and ``shards``."""
    folder = tmp_path_factory.mktemp("official")
    with lmdb.open(str(RECORDS), readonly=True, lock=False) as environment, environment.begin() as view:
        first, second = (bytes(value) for _, value in view.cursor())
    sources = [
        database(folder / "AQGT" / "dataset_train", first, 4),
        database(folder / "AQGT" / "dataset_val", second, 2),
    ]
    clips, encoders = folder / "clips", write_tiny_encoders(folder / "encoders", tokens=32, width=16)
    with torch.random.fork_rng():
        command("corpus", "convert-official", *sources, "--output", clips)
        stage("audio-vq", *AUDIO_VQ, *FEW, "--corpus", clips, "--output", folder / "audio-vq")
        stage("pose-vq", *FEW, "--corpus", clips, "--model", MODEL, "--output", folder / "pose-vq")
        vq = ("--pose-vq", folder / "pose-vq")
        stage("annotation", *FEW, "--corpus", clips, "--model", MODEL, *vq, "--output", folder / "annotation")
        command(
            "corpus", "shards", clips, "--model", MODEL, "--audio-vq", folder / "audio-vq",
            "--encoders", encoders, "--stride", 1, "--output", folder / "shards",
        )  # fmt: skip
    return folder


def settings(official: Path, **inputs: Any) -> Any:
    """Of the generator's stage, with what comes before it."""
    given = {name: official / name.replace("_", "-") for name in ("pose_vq", "audio_vq", "annotation")}
    given |= {"model": MODEL, "encoders": official / "encoders"} | inputs
    changes = SMALL["published"] | {"max_steps": 2, "batch_size": 4, "stride": 1, "validate_every": 0}
    return read_stage("generator", None, changes, given)


def trained(official: Path, output: Path, **inputs: Any) -> Any:
    return open_stage("generator", settings(official, **inputs), output, accelerator="cpu", devices=1)


def windows(source: Any) -> dict[str, np.ndarray]:
    """All windows of a source in an order that their content decides."""
    batches = list(source.epoch(0, shuffle=False))
    found = {name: np.concatenate([batch[name].numpy() for batch in batches]) for name in batches[0]}
    order = np.argsort(found["target"].reshape(len(found["target"]), -1).sum(axis=1), kind="stable")
    return {name: value[order] for name, value in found.items()}


def test_shards_and_clips_give_the_same_windows_and_a_model_that_generates(
    official: Path, tmp_path: Path
) -> None:
    from_shards = trained(official, tmp_path / "a", shards=(str(official / "shards"),))
    from_clips = trained(official, tmp_path / "b", corpus=official / "clips")
    streamed, cut = windows(from_shards.trainer.source), windows(from_clips.trainer.source)
    assert streamed.keys() == cut.keys()
    assert len(cut["target"]) == 4 * 3, "36 frames of 60 at 25 fps, in windows of 34"
    for name in cut:
        np.testing.assert_allclose(streamed[name], cut[name], atol=2e-5, err_msg=name)
    mean = from_clips.trainer.task.generator.pose_mean.numpy()
    recorded = cut["target"].reshape(-1, 53, 3)[:, 0] + mean[0]
    assert np.abs(recorded).max() > 0.05, "published networks move the root"

    for number, run in enumerate((from_shards, from_clips)):
        output = tmp_path / "ab"[number]
        run.run(output)
        command("export", output, "--name", "mine", "-o", tmp_path / f"model{number}")
        model = load_model(str(tmp_path / f"model{number}"))
        sound = np.random.default_rng(0).normal(0, 0.1, 3 * 16_000).astype(np.float32)
        motion = generate(GenerateRequest(sound), model).motions[0]
        assert len(motion) == 45
        assert np.isfinite(motion.bone_vectors).all()


def test_motion_stages_keep_the_root_of_shards(official: Path, tmp_path: Path) -> None:
    inputs = {"shards": (str(official / "shards"),), "model": MODEL}
    changes = {"max_steps": 1, "batch_size": 4, "validate_every": 0}
    run = open_stage("pose-vq", read_stage("pose-vq", None, changes, inputs), tmp_path / "run")
    found = run.trainer.task.statistics  # type: ignore[attr-defined]
    clips = {"corpus": official / "clips", "model": MODEL}
    own = open_stage("pose-vq", read_stage("pose-vq", None, changes, clips), tmp_path / "own").trainer.task
    assert np.abs(found.mean[0]).max() > 0.01
    np.testing.assert_allclose(found.mean, own.statistics.mean, atol=1e-5)  # type: ignore[attr-defined]
    assert found.rest[0].any()


def test_what_judges_a_published_generator_sees_the_root_as_it_does(official: Path, tmp_path: Path) -> None:
    for model, moves in ((MODEL, True), (data_path("configs", "models", "debug.yaml"), False)):
        inputs = {"corpus": official / "clips", "model": model}
        settings = read_stage("autoencoder", None, SMALL["autoencoder"], inputs)
        task: Any = open_stage("autoencoder", settings, tmp_path / str(moves)).trainer.task
        assert bool(task.mean[0].any()) is moves


def test_shards_of_another_audio_vq_are_refused(official: Path, tmp_path: Path) -> None:
    other = tmp_path / "other-vq"
    stage("audio-vq", *AUDIO_VQ, *FEW, "--set", "seed=7", "--corpus", official / "clips", "--output", other)
    shards = str(official / "shards")
    with pytest.raises(AqgtError, match="hold codes of the audio VQ") as refused:
        trained(official, tmp_path / "run", shards=(shards,), audio_vq=other)
    assert refused.value.code == "wrong-shards"
    assert "--audio-vq" in refused.value.next_step


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"cutting": {"fps": 30.0}}, "30 frames per second"),
        ({"cutting": {"window": 60}}, "windows of 60 frames"),
        ({"cutting": {"window": 20}}, "windows of 20 frames"),
        ({"lengths": [0.5] * 53}, "bone lengths"),
        ({"audio_vq": None}, "no codes"),
    ],
)
def test_shards_of_another_model_are_refused(
    official: Path, tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    copy = tmp_path / "shards"
    copy.mkdir()
    for split in ("train", "val"):
        (copy / split).symlink_to(official / "shards" / split)
    manifest = json.loads((official / "shards" / "manifest.json").read_text())
    for key, value in change.items():
        manifest[key] = manifest[key] | value if isinstance(value, dict) else value
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert open_shards(str(copy)).n_windows == 12
    with pytest.raises(AqgtError, match=problem):
        trained(official, tmp_path / "run", shards=(str(copy),))


def test_an_audio_vq_for_a_model_that_reads_none_is_refused(official: Path, tmp_path: Path) -> None:
    fresh = data_path("configs", "models", "debug.yaml")
    arguments = ("corpus", "shards", official / "clips", "--output", tmp_path / "shards")
    with pytest.raises(AqgtError, match="takes no audio VQ"):
        command(*arguments, "--model", fresh, "--audio-vq", official / "audio-vq")
    with pytest.raises(AqgtError, match="need its audio VQ"):
        command(*arguments, "--model", MODEL)
