# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of gesture forms, and the rows of forms that a composed clip's gestures become."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.annotations import Span, spans_to_track
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.form_names import collect_form_names, form_name, form_rows, forms_of_clip
from aqgt_training.corpora.gesture_clips import performers_held_out, read_gesture_clips
from tests.training.corpora.recordings import write_recordings


@pytest.mark.parametrize(
    ("clip", "left", "right"),
    [
        ("ChrBrad@Idle02_Shrug01", "shrug", "shrug"),
        ("ChrBrad@Idle01_ChopBoth01@G2", "chop", "chop"),
        ("ChrBrad@Idle01_ChopLf01", "chop", "chop"),
        ("ChrConnor@IdleStand01_NoLeftRt01", "no-outward", "no-inward"),
        ("ChrConnor@IdleStand01_NegateRightLowBt01", "negate-inward-low", "negate-outward-low"),
        ("PN@pointleft_intense2", "point-outward", "point-inward"),
        ("SBM@LHandOnHip_RArm_GestureOffer", "offer", "offer"),
        ("PN@bigger2", "big", "big"),
    ],
)
def test_names(clip: str, left: str, right: str) -> None:
    assert (form_name(clip, "left"), form_name(clip, "right")) == (left, right)
    assert (form_name(clip + "~", "left"), form_name(clip + "~", "right")) == (right, left)


def test_the_list_keeps_numbers_and_knows_each_form_on_both_hands(tmp_path: Path) -> None:
    write_recordings(tmp_path)
    clips = read_gesture_clips(tmp_path)
    names = {name for clip in clips for name in forms_of_clip(clip).values()}
    last = sorted(names)[-1]
    table = collect_form_names(clips, {last: 7, "gone": 9})
    assert {row["name"] for row in table["forms"]} == names
    numbers = {row["name"]: row["number"] for row in table["forms"]}
    assert numbers[last] == 7
    assert len(set(numbers.values())) == len(numbers)
    assert all(number > 9 for name, number in numbers.items() if name != last)
    for row in table["forms"]:
        assert ("left" in row["sides"]) == ("right" in row["sides"])


def a_clip(gestures: list[dict] | None) -> ClipRecord:
    spans = [Span(1.0, 1.8, "both", {"phrase": "beat"}), Span(3.0, 3.6, "left", {"phrase": "deictic"})]
    values = spans_to_track(spans, 75, 15.0).values
    motion = np.tile(skeleton.HUMAN_LENGTHS[:, None] * np.array([0.0, 1.0, 0.0]), (75, 1, 1))
    meta = {} if gestures is None else {"gestures": gestures}
    return ClipRecord(
        "c", motion.astype(np.float16), skeleton.HUMAN_LENGTHS, np.zeros(80_000, np.int16),
        annotations=values, meta=meta,
    )  # fmt: skip


GESTURES = [
    {"clip": "A@NoLeftBt01", "side": "both", "begin": 0.63},
    {"clip": "A@Idle01_Shrug01", "side": "left", "begin": 2.63},
]


def test_rows_follow_the_gestures_of_each_hand() -> None:
    clip = a_clip(GESTURES)
    values = clip.track().values
    rows = form_rows(clip, values, ("no-inward", "no-outward"))
    np.testing.assert_array_equal(rows == 0, values[4:6] == 0)
    assert set(rows[1]) == {0.0, 1.0}
    assert rows[0, 20] == 2.0
    assert rows[0, 50] == -1.0


def test_clips_that_were_not_composed_have_unknown_forms() -> None:
    clip = a_clip(None)
    values = clip.track().values
    assert set(form_rows(clip, values, ("chop",)).ravel()) == {-1.0, 0.0}
    assert (form_rows(clip, np.full_like(values, -1.0), ("chop",)) == -1).all()


def test_performers_are_drawn_until_enough_is_held_out_but_not_past_half(tmp_path: Path) -> None:
    write_recordings(tmp_path)
    clips = read_gesture_clips(tmp_path)
    held = performers_held_out(clips, 0.15, 0)
    assert held == performers_held_out(clips, 0.15, 0)
    assert sum(clip.performer in held for clip in clips) <= len(clips) / 2
