# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of other frame rates and bone lengths: from their files to a fresh generator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aqgt import skeleton
from aqgt.formats.bvh import write_bvh
from aqgt.formats.smplx import write_smplx
from aqgt.formats.textgrid import Interval, write_textgrid
from aqgt.generation import generate
from aqgt.models.config import read_config
from aqgt.models.registry import load_model
from aqgt.models.rest_pose import rest_pose
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest
from aqgt.resources import data_path
from aqgt.speech.audio import write_wav
from aqgt_training.cli.app import app
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord, ClipWriter
from aqgt_training.stages.autoencoder import load_extractor
from aqgt_training.stages.data import Cut, MotionClips, MotionWindows

MODEL = data_path("configs", "models", "debug.yaml")
GENERATOR = data_path("configs", "stages", "debug.yaml")
SECONDS = 4


def swinging(fps: float, lengths: np.ndarray) -> Motion:
    """A wrist that goes up and down once a second."""
    times = np.arange(round(SECONDS * fps)) / fps
    vectors = np.repeat(rest_pose()[None], len(times), axis=0)
    vectors[:, skeleton.LEFT_WRIST, 1] -= 0.04 * np.sin(2 * np.pi * times)
    return Motion(fps, vectors, skeleton.HUMAN_LENGTHS).with_lengths(lengths)


def command(*arguments: object) -> None:
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output


def test_clips_of_any_rate_and_lengths_are_read_as_the_models(tmp_path: Path) -> None:
    recorded = [(15, skeleton.HUMAN_LENGTHS), (25, skeleton.OFFICIAL_LENGTHS), (30, skeleton.HUMAN_LENGTHS)]
    with ClipWriter(tmp_path / "clips") as writer:
        for number, (fps, lengths) in enumerate(recorded):
            motion = swinging(fps, lengths)
            labels = np.zeros((17, len(motion)), np.float32)
            labels[4, len(motion) // 2 :] = 2
            sound = np.zeros(SECONDS * 16_000, np.int16)
            writer.add(ClipRecord(f"{number}", motion.bone_vectors, lengths, sound, (), labels, fps=fps))
    config = read_config(MODEL)
    cut = Cut(34, 8, 4).of_model(config)
    clips = MotionClips(tmp_path / "clips", "train", cut)
    assert list(clips.lengths) == [60, 60, 60]
    first, second, third = np.split(clips.vectors, 3)
    np.testing.assert_allclose(second, first, atol=2e-3)
    np.testing.assert_allclose(third, first, atol=2e-3)
    onsets = [int(np.argmax(part[:, 4] == 2)) for part in np.split(clips.annotations, 3)]
    assert np.ptp(onsets) <= 1
    (batch,) = MotionWindows(clips, clips.statistics().unscaled(), Cut(34, 30, 4)).epoch(0, shuffle=False)
    assert batch["target"].shape == (3, 34, 159)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As BEAT2 lies: SMPL-X at 30 fps, sound and TextGrids in folders of their own; and a BVH at 25 fps."""
    folder = tmp_path_factory.mktemp("recordings")
    for name in ("smplxflame_30", "wave16k", "textgrid"):
        (folder / name).mkdir()
    for number in range(6):
        name = f"2_scott_0_{number}_{number}"
        if number:
            write_smplx(folder / "smplxflame_30" / f"{name}.npz", swinging(30, skeleton.HUMAN_LENGTHS))
        else:
            write_bvh(folder / "smplxflame_30" / f"{name}.bvh", swinging(25, skeleton.HUMAN_LENGTHS))
        noise = np.random.default_rng(number).normal(0, 0.1, SECONDS * 16_000).astype(np.float32)
        write_wav(folder / "wave16k" / f"{name}.wav", noise)
        words = {"words": [Interval("hello", 0.2, 0.6), Interval("there", 1.0, 1.5)]}
        write_textgrid(folder / "textgrid" / f"{name}.TextGrid", words, SECONDS)
    return folder


def test_from_recordings_to_a_model_that_generates(recordings: Path, tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    command(
        "corpus", "import", recordings, "--output", clips, "--speaker", r"^\d+_([a-z]+)",
        "--split", "train=0.5,val=0.5", "--seed", 3,
    )  # fmt: skip
    with ClipReader(clips) as reader:
        assert sorted({(clip.fps, len(clip.words)) for clip in reader}) == [(25, 2), (30, 2)]
        assert {clip.split for clip in reader} == {"train", "val"}
    where = ("--accelerator", "cpu", "--devices", 1, "--corpus", clips, "--model", MODEL)
    few = ("--set", "max_steps=2", "--set", "validate_every=0", "--set", "batch_size=2", "--set", "stride=4")
    small = [f"network.{key}={value}" for key, value in
             {"decoder_state": 8, "decoder_layers": 1, "decoder_hidden": 8, "width": 4}.items()]  # fmt: skip
    sizes = [word for change in small for word in ("--set", change)]
    command("stage", "autoencoder", *where, *few, *sizes, "--output", tmp_path / "fgd")
    lengths = np.linalg.norm(load_extractor(tmp_path / "fgd").mean_bone_vectors, axis=-1)
    assert np.all(lengths[1:] <= skeleton.HUMAN_LENGTHS[1:] * 1.01)
    command(
        "stage", "generator", "--config", GENERATOR, *where, *few, "--extractor", tmp_path / "fgd",
        "--output", tmp_path / "run",
    )  # fmt: skip
    command("export", tmp_path / "run", "--name", "mine", "-o", tmp_path / "model")
    model = load_model(str(tmp_path / "model"))
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * 16_000).astype(np.float32)
    motion = generate(GenerateRequest(noise), model).motions[0]
    assert (motion.fps, len(motion)) == (15, 30)
    assert np.isfinite(motion.bone_vectors).all()
