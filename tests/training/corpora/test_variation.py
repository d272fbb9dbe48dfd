# SPDX-License-Identifier: GPL-3.0-or-later
"""Varied gestures: other fingers leave everything else as it was, and extents come out as planned."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.skeleton import JOINT_INDEX
from aqgt_training.corpora.form_labels import extent_label, shape_label, wrist_path
from aqgt_training.corpora.gesture_clips import GestureClip, read_gesture_clips
from aqgt_training.corpora.limbs import put_arm, take_arm
from aqgt_training.corpora.placing import Performance, PlacedGesture, perform
from aqgt_training.corpora.speakers import Speaker, make_speakers
from aqgt_training.corpora.variation import INSIDE, OtherHands, Reaches, reach_for, variation
from tests.training.corpora.recordings import write_recordings

FPS = 30.0
ARRIVAL = 2.0


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[GestureClip]:
    return read_gesture_clips(write_recordings(tmp_path_factory.mktemp("recordings")))


@pytest.fixture(scope="module")
def speaker(clips: list[GestureClip]) -> Speaker:
    return make_speakers(clips, 1, seed=0)[0]


def with_fist(clip: GestureClip) -> GestureClip:
    """The recording with fingers rolled in from beginning to end."""
    directions = clip.directions.astype(np.float64)
    for side in ("left", "right"):
        arm = take_arm(directions, side)
        fingers = arm.fingers.copy()
        for finger in skeleton.FINGERS[1:]:
            chain = [joint - JOINT_INDEX[f"{side}_hand"] for joint in skeleton.finger_chain(side, finger)]
            fingers[:, chain[2]] = [0.0, 0.0, -1.0]
            fingers[:, chain[3]] = [-1.0, 0.0, 0.0]
        put_arm(directions, side, replace(arm, fingers=fingers))
    return replace(clip, name=clip.name + "-fist", directions=directions.astype(np.float32))


def performed(speaker: Speaker, gesture: PlacedGesture) -> Performance:
    return perform(speaker, [gesture], [], [], 150, FPS, np.random.default_rng(0))


def placed(clip: GestureClip) -> PlacedGesture:
    return PlacedGesture(clip, clip.kind, clip.side, 1.0, 1.4, ARRIVAL, 2.6, 1.0, 1.0)


def one_handed(clips: list[GestureClip]) -> GestureClip:
    return next(clip for clip in clips if clip.side == "right")


def test_other_fingers_change_the_fingers_alone(clips: list[GestureClip], speaker: Speaker) -> None:
    clip = one_handed(clips)
    own = performed(speaker, placed(clip)).bone_vectors()
    other = performed(speaker, replace(placed(clip), fingers=with_fist(clip))).bone_vectors()
    at = int(ARRIVAL * FPS) + 2
    hand = JOINT_INDEX["right_hand"]
    fingers = list(range(hand, hand + 21))
    rest = [joint for joint in range(skeleton.N_JOINTS) if joint not in fingers]
    np.testing.assert_allclose(other[:, rest], own[:, rest], atol=1e-9)
    shapes = [
        shape_label(skeleton.positions_from_bone_vectors(vectors[at]), "right") for vectors in (own, other)
    ]
    assert shapes[0] != shapes[1]
    assert shapes[1] in ("O", "C_small")
    # The hand itself keeps its direction: only what hangs on it is another's.
    np.testing.assert_allclose(
        other[:, JOINT_INDEX["right_middle_1"]], own[:, JOINT_INDEX["right_middle_1"]], atol=0.01
    )


def test_every_hand_shape_is_drawn_as_often_as_any_other(clips: list[GestureClip]) -> None:
    clip = one_handed(clips)
    straight = [each for each in clips if each.side == "right"]
    hands = OtherHands([*straight, with_fist(clip)], share=0.5)
    random = np.random.default_rng(0)
    drawn = [hands.choose(clip, "right", random) for _ in range(400)]
    names = Counter("own" if other is None else other.name.endswith("-fist") for other in drawn)
    assert names["own"] == pytest.approx(200, abs=40)
    assert names[True] == pytest.approx(names[False], abs=40)


def test_hands_that_touch_keep_their_fingers(clips: list[GestureClip]) -> None:
    clip = next(clip for clip in clips if clip.side == "both")
    together = np.array(clip.directions)
    for side, sign in (("left", -1.0), ("right", 1.0)):
        together[:, JOINT_INDEX[f"{side}_wrist"]] = [sign, 0.0, 0.0]
    touching = replace(clip, directions=together)
    hands = OtherHands(clips, share=1.0)
    random = np.random.default_rng(0)
    assert hands.choose(clip, "both", random) is not None
    assert hands.choose(touching, "both", random) is None


@pytest.mark.parametrize("extent", ["small", "medium"])
def test_the_wrist_gets_as_far_as_was_planned(
    clips: list[GestureClip], speaker: Speaker, extent: str
) -> None:
    random = np.random.default_rng(1)
    reaches = Reaches()
    met = 0
    for clip in clips:
        reach = reach_for(extent, 1.0, random)
        factors = reaches.factors(clip, clip.side, speaker, reach)
        if any(factor in (0.6, 1.4) for factor in factors.values()):
            continue  # farther than a recording can be bent
        motion = performed(speaker, replace(placed(clip), factors=factors))
        positions = skeleton.positions_from_bone_vectors(motion.bone_vectors())
        rest = skeleton.positions_from_bone_vectors(speaker.rest * skeleton.HUMAN_LENGTHS[:, None])[None]
        found = max(
            float(
                np.linalg.norm(wrist_path(positions, side) - wrist_path(rest, side)[0], axis=-1)[30:80].max()
            )
            for side in factors
        )
        assert found == pytest.approx(reach, abs=0.012)
        assert extent_label(found) == extent
        met += 1
    assert met


def test_what_a_recording_cannot_reach_is_made_as_large_as_it_bears(
    clips: list[GestureClip], speaker: Speaker
) -> None:
    assert Reaches().factors(one_handed(clips), "right", speaker, 0.5) == {"right": 1.4}


def test_a_louder_moment_is_larger_inside_its_extent() -> None:
    low, high = INSIDE["medium"]
    means = [
        np.mean([reach_for("medium", size, np.random.default_rng(i)) for i in range(200)])
        for size in (0.7, 1.0, 1.3)
    ]
    assert low <= means[0] < means[1] < means[2] <= high


def test_by_default_nothing_is_varied(clips: list[GestureClip]) -> None:
    nothing = variation(clips, 0.0, False)
    assert (nothing.hands, nothing.reaches) == (None, None)
