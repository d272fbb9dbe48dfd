# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of recorded hands, collected from a corpus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aqgt.annotations import CHANNEL_BY_KEY, HANDS
from aqgt.errors import AqgtError
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipWriter
from aqgt_training.corpora.limbs import take_arm
from aqgt_training.evaluation.gestures import asked_gestures
from aqgt_training.recorded_hands import collect_hand_table
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.exporting import hands_of
from tests.models.tiny import tiny_config
from tests.training.tiny_corpus import tiny_clip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips whose fingers differ, each of one hand shape; the last one is held out."""
    folder = tmp_path_factory.mktemp("corpus") / "tiny"
    with ClipWriter(folder) as writer:
        for number, label in enumerate(("B", "C", "C", "G", "O")):
            clip = tiny_clip(f"clip-{number}", "val" if label == "O" else "train", number, 6)
            noise = np.random.default_rng(number).normal(scale=0.002, size=(1, *clip.bone_vectors.shape[1:]))
            assert clip.annotations is not None
            annotations = clip.annotations.copy()
            for hand in HANDS:
                moving = annotations[CHANNEL_BY_KEY[f"phase_{hand}"].index] > 0
                shape = CHANNEL_BY_KEY[f"shape_{hand}"]
                annotations[shape.index] = np.where(moving, shape.value_of(label), 0)
            vectors = (clip.bone_vectors + noise).astype(np.float16)
            writer.add(replace(clip, bone_vectors=vectors, annotations=annotations))
    return folder


def test_every_hand_was_recorded_in_the_training_split(corpus: Path) -> None:
    table = collect_hand_table(corpus, ())
    assert len(table)
    assert (table.forms == 0).all()
    recorded = {}
    with ClipReader(corpus) as reader:
        for name in reader.names:
            if reader.split_of(name) != "train":
                continue
            clip = reader[name]
            for gesture in asked_gestures(clip.track().values):
                motion = clip.motion() if gesture.side == "left" else clip.motion().mirrored()
                around = take_arm(motion.directions(), "left").fingers[
                    gesture.arrival - 1 : gesture.arrival + 2
                ]
                mean = around.mean(axis=0)
                value = CHANNEL_BY_KEY["shape_left"].value_of(gesture.labels["shape"])
                recorded.setdefault(int(value), []).append(
                    mean / np.linalg.norm(mean, axis=-1, keepdims=True)
                )
    assert set(table.shapes.tolist()) == set(recorded)
    assert len(recorded) == 3
    for shape, fingers in zip(table.shapes.tolist(), table.fingers, strict=True):
        assert min(np.abs(each - fingers).max() for each in recorded[shape]) < 1e-5


def test_it_is_the_same_again(corpus: Path) -> None:
    one, other = collect_hand_table(corpus, ()), collect_hand_table(corpus, ())
    np.testing.assert_array_equal(one.fingers, other.fingers)


def test_only_a_model_that_wants_hands_gets_them(corpus: Path) -> None:
    plain, wanting = tiny_config(), tiny_config(annotation={"recorded_hands": 0.5})
    assert hands_of(plain, Inputs(corpus=corpus)) is None
    assert hands_of(wanting, Inputs(corpus=corpus)) is not None
    with pytest.raises(AqgtError) as problem:
        hands_of(wanting, Inputs())
    assert problem.value.code == "no-hands"
