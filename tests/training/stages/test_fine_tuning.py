# SPDX-License-Identifier: GPL-3.0-or-later
"""Going on with a finished model: its speakers stay, new ones are appended, chosen parts stay as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aqgt.errors import AqgtError
from aqgt.generation import generate
from aqgt.models.registry import load_model
from aqgt.protocol.messages import GenerateRequest
from aqgt_training.stages.exporting import export_run
from aqgt_training.stages.generator import GeneratorTask
from tests.training.stages.conftest import OpenStage

FREEZE = ["encoders.spectrum", "backbone.transformer_1"]


@pytest.fixture
def model(small: OpenStage, tmp_path: Path) -> Path:
    """A model with the four speakers of its config, of which the corpus has two."""
    small("generator", "first", max_steps=4).run(tmp_path / "first")
    return export_run(tmp_path / "first", "first", target=tmp_path / "model")


def test_a_training_becomes_a_model_that_generates(model: Path, small: OpenStage, tmp_path: Path) -> None:
    loaded = load_model(model)
    assert loaded.config.name == "first"
    made = small("generator", "first", max_steps=4).trainer
    made.run()
    for name, value in made.exported_state().items():
        torch.testing.assert_close(loaded.generator.state_dict()[name], value, rtol=2e-3, atol=1e-4)
    sound = 0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    motion = generate(GenerateRequest(sound), loaded).motions[0]
    assert np.isfinite(motion.bone_vectors).all()
    from_file = export_run(tmp_path / "first" / "checkpoint.pt", "other", target=tmp_path / "other")
    assert load_model(from_file).model_hash == loaded.model_hash


def test_new_speakers_are_appended_and_frozen_parts_stay(
    model: Path, small: OpenStage, tmp_path: Path
) -> None:
    before = load_model(model).generator.state_dict()
    run = small(
        "generator",
        "second",
        max_steps=4,
        fine_tuning={"freeze": FREEZE, "new_speakers": 2},
        inputs={"init_from": str(model), "model": None},
    )
    task = run.trainer.task
    assert isinstance(task, GeneratorTask)
    started = task.generator.encoders.speaker.embedding.weight.detach().clone()
    assert len(started) == 6
    torch.testing.assert_close(started[:4], before["encoders.speaker.embedding.weight"])
    torch.testing.assert_close(started[4:], started[:4].mean(dim=0).expand(2, -1))
    run.run(tmp_path / "second")
    after = load_model(export_run(tmp_path / "second", "second", target=tmp_path / "tuned"))
    assert after.config.speaker.count == 6
    state = after.generator.state_dict()
    frozen = [name for name in before if name.startswith(tuple(FREEZE))]
    assert frozen
    assert all(torch.equal(before[name], state[name]) for name in frozen)
    assert all(torch.equal(before[name], state[name]) for name in ("pose_mean", "pose_std", "rest_pose"))
    moved = task.generator.encoders.speaker.embedding.weight.detach() != started
    assert moved[4:].any(), "the corpus' speakers are the new ones"


def test_a_part_that_is_not_there_is_refused(model: Path, small: OpenStage) -> None:
    inputs = {"init_from": str(model), "model": None}
    with pytest.raises(AqgtError, match=r"no part “encoder” to freeze\. Use one of: aligner\.align"):
        small("generator", "x", fine_tuning={"freeze": ["encoder"]}, inputs=inputs)
    everything = ["aligner", "backbone", "encoders"]
    with pytest.raises(AqgtError, match="All parts are frozen"):
        small("generator", "y", fine_tuning={"freeze": everything}, inputs=inputs)


def test_a_published_model_is_fine_tuned(small: OpenStage, tmp_path: Path) -> None:
    run = small("published", "first", max_steps=2)
    run.run(tmp_path / "first")
    model = export_run(tmp_path / "first", "first", target=tmp_path / "model")
    inputs = {"init_from": str(model), "model": None, "pose_vq": None, "annotation": None}
    inputs |= {"audio_vq": None, "encoders": None}  # the model's own
    with pytest.raises(AqgtError, match=r"a speaker 1, and the model has 1 .* to 2 or more"):
        small("published", "few", fine_tuning={"new_speakers": 1}, inputs=inputs).trainer.run()
    tuning = {"new_speakers": 2, "freeze": ["encoders"]}
    second = small("published", "second", max_steps=2, fine_tuning=tuning, inputs=inputs)
    before = load_model(model).generator.state_dict()
    second.run(tmp_path / "second")
    state = second.trainer.task.main.network.state_dict()
    assert state["speaker_guess.body.4.weight"].shape[0] == 6
    same = [name for name in before if name.startswith(("aligner.head.", "encoders.beats."))]
    assert all(torch.equal(before[name], state[name]) for name in same)
    assert not torch.equal(before["aligner.to_code.2.weight"], state["aligner.to_code.2.weight"])
    tuned = export_run(tmp_path / "second", "tuned", target=tmp_path / "tuned")
    for name in ("audio_vq.safetensors", "wav2vec2/model.safetensors", "bert/vocab.txt"):
        assert (tuned / name).read_bytes() == (model / name).read_bytes()
    sound = 0.1 * np.random.default_rng(0).standard_normal(40_000).astype(np.float32)
    assert len(generate(GenerateRequest(sound), load_model(tuned)).motions[0]) > 30


def test_without_new_output_nothing_is_overwritten(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="is no training of a generator"):
        export_run(tmp_path, "x")
