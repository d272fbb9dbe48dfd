# SPDX-License-Identifier: GPL-3.0-or-later
"""Gesture forms on their way from a corpus to the network in training, by windows and by shards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aqgt.models.config import ModelConfig, read_config
from aqgt.resources import data_path
from aqgt.speech.features import CompactFeatures
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipWriter
from aqgt_training.corpora.window_records import decode_window, encode_window
from aqgt_training.corpora.windowing import Cutting, windows_of
from aqgt_training.corpora.windows import load_clips
from aqgt_training.stages.annotation_dropout import AnnotationDropout
from aqgt_training.stages.build import build_generator_training
from aqgt_training.stages.config import GeneratorStage
from aqgt_training.stages.core.inputs import Inputs
from tests.training.tiny_corpus import write_tiny_corpus

FORMS = ("chop", "shrug")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus with a gesture named for each swing."""
    folder = tmp_path_factory.mktemp("corpus")
    write_tiny_corpus(folder / "plain")
    with ClipReader(folder / "plain") as reader, ClipWriter(folder / "named") as writer:
        for number, clip in enumerate(reader):
            gestures = [
                {"clip": f"A@Idle01_{name}01", "side": ("left", "right")[number % 2], "begin": begin}
                for name, begin in (("Chop", 0.0), ("Shrug", 2.9))
            ]
            writer.add(replace(clip, meta={"gestures": gestures}))
    return folder / "named"


@pytest.fixture(scope="module")
def config() -> ModelConfig:
    config = read_config(data_path("configs", "models", "debug.yaml"))
    annotation = config.annotation.model_copy(update={"forms": FORMS, "form_width": 4})
    return config.model_copy(update={"annotation": annotation})


def test_windows_of_memory_and_of_shards_hold_the_same_forms(corpus: Path, config: ModelConfig) -> None:
    features = CompactFeatures(config.features)
    clips = load_clips(corpus, "val", features, fingerprint="f", forms=FORMS)
    assert clips.forms is not None
    assert {0.0, 1.0, 2.0} == set(np.unique(clips.forms))
    with ClipReader(corpus) as reader:
        clip = next(clip for clip in reader if clip.split == "val")
    cut = list(windows_of(clip, features, Cutting(), forms=FORMS))
    for window in cut:
        members = decode_window(encode_window(window), "here")
        at = window["frame"]
        np.testing.assert_array_equal(members["forms"], clips.forms[at : at + 34].T)
    assert "forms" not in next(iter(windows_of(clip, features, Cutting())))
    assert load_clips(corpus, "val", features, fingerprint="f").forms is None


def test_training_reads_forms(corpus: Path, config: ModelConfig, tmp_path: Path) -> None:
    stage = GeneratorStage.model_validate(
        {
            "batch_size": 8,
            "max_steps": 2,
            "precision": "32-true",
            "validate_every": 100,
            "inputs": Inputs(corpus=corpus),
        }
    )
    training = build_generator_training(
        config, stage, CompactFeatures(config.features), tmp_path, accelerator="cpu", devices=1
    )
    batch = next(iter(training.source.epoch(0)))
    assert batch["forms"].shape == (8, 2, 34)
    before = {name: x.clone() for name, x in training.exported_state().items()}
    training.run()
    name = "encoders.annotations.forms.embedding.weight"
    assert not torch.equal(before[name], training.exported_state()[name])


def test_forms_are_hidden_for_both_hands_and_with_all_channels() -> None:
    dropout = AnnotationDropout(gesture_forms=0.3)
    forms = torch.ones(600, 2, 34)
    annotations = torch.zeros(600, 17, 34)
    annotations[:100] = -1.0
    hidden = dropout.of_forms(forms, annotations, torch.Generator().manual_seed(0)) < 0
    assert bool(hidden[:100].all())
    rates = hidden[100:].flatten(1).float().mean(1)
    assert set(rates.tolist()) == {0.0, 1.0}
    assert 0.24 < float(rates.mean()) < 0.36
