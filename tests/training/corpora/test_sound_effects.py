# SPDX-License-Identifier: GPL-3.0-or-later
"""What a composed motion follows of its sound: nothing by default, else louder is larger, harder sharper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.planner.sound import Sound
from aqgt_training.corpora.compose import clips_held_out, forms_of_training
from aqgt_training.corpora.compose_config import ComposeConfig, SoundEffects
from aqgt_training.corpora.form_names import forms_of_clip
from aqgt_training.corpora.gesture_clips import read_gesture_clips
from aqgt_training.corpora.placing import PlacedGesture
from aqgt_training.corpora.sound_effects import Heard
from tests.training.corpora.recordings import write_recordings

ALL = SoundEffects(size=0.2, sharpness=0.6, accents=0.5, nods=1.0)
ACCENTS = [(float(t), 1.0) for t in np.arange(0.5, 9.5, 0.75)]


def a_sound() -> Sound:
    """Ten seconds: a soft swell at 3 s, a hard loud onset at 6 s, quiet speech at 8 s."""
    times = np.arange(1000) / 100
    loudness = -14.0 + 0.8 * np.sin(2 * np.pi * 3 * times)
    loudness += 6.0 * np.exp(-0.5 * ((times - 3.0) / 0.6) ** 2)
    loudness[600:640] = 2.0
    loudness[760:860] = -26.0
    return Sound(loudness, np.ones(1000, bool), 10.0)


def test_by_default_the_sound_changes_nothing() -> None:
    heard = Heard(a_sound(), SoundEffects())
    for second in (0.0, 3.0, 6.05, 8.0, 12.0):
        assert heard.size(second) == 1.0
        assert heard.sharpness(second) == 0.0
    assert heard.accented(ACCENTS) == ACCENTS


def test_loud_is_large_and_hard_is_sharp() -> None:
    heard = Heard(a_sound(), ALL)
    assert heard.size(6.05) > heard.size(3.0) > 1.0 > heard.size(8.1)
    assert heard.sharpness(6.0) > 0.3
    assert heard.sharpness(3.0) < heard.sharpness(6.0)
    strengths = dict(heard.accented(ACCENTS))
    assert strengths[6.5] != strengths[8.0]


def test_nods_go_to_the_loudest_accents_where_asked_for() -> None:
    loud = Heard(a_sound(), ALL)
    nods = loud.nods(ACCENTS, np.random.default_rng(0))
    assert nods == loud.nods(ACCENTS, np.random.default_rng(1))
    left_out = [second for second, _ in ACCENTS if (second, 1.0) not in nods]
    assert min(loud.louder(second) for second, _ in nods) >= max(loud.louder(t) for t in left_out)
    by_chance = Heard(a_sound(), SoundEffects())
    draws = {tuple(by_chance.nods(ACCENTS, np.random.default_rng(seed))) for seed in range(5)}
    assert len(draws) > 1


def test_silence_says_nothing() -> None:
    silent = Heard(Sound(np.full(500, -60.0), np.zeros(500, bool), 5.0), ALL)
    assert silent.size(2.0) == 1.0


def test_sharpness_moves_the_middle_of_a_stroke_and_nothing_else(tmp_path: Path) -> None:
    clip = next(c for c in read_gesture_clips(write_recordings(tmp_path)) if c.side == "right")
    times = np.arange(0.0, 6.0, 0.01)
    way = {}
    for sharpness in (-0.6, 0.0, 0.6):
        gesture = PlacedGesture(clip, clip.kind, clip.side, 2.0, 2.4, 3.0, 3.6, 1.0, 1.0, sharpness=sharpness)
        way[sharpness] = gesture.clip_times(times)
        assert (np.diff(way[sharpness]) >= -1e-9).all()
        assert way[sharpness][300] == pytest.approx(clip.marks.emphasis, abs=2e-3)
    began = 3.0 - (clip.marks.emphasis - clip.marks.stroke_start)
    before, after = times < began - 0.01, times > 3.01
    for other in (way[-0.6], way[0.6]):
        assert np.abs(other - way[0.0])[before | after].max() < 0.06
    middle = round(100 * (began + 3.0) / 2)
    assert way[0.6][middle] < way[0.0][middle] < way[-0.6][middle]


def test_whole_performers_are_held_out_and_their_forms_are_not_the_trainings(tmp_path: Path) -> None:
    write_recordings(tmp_path)
    clips = read_gesture_clips(tmp_path)
    config = ComposeConfig(
        gestures=tmp_path, texts=[tmp_path], hold_out_by="performer", performers=("Tester",)
    )
    with pytest.raises(AqgtError, match="Tester"):  # nobody would be left
        clips_held_out(clips, config)
    with pytest.raises(AqgtError, match="Nobody"):
        clips_held_out(clips, config.model_copy(update={"performers": ("Nobody",)}))
    two = [replace(clip, performer="Other") if clip.base.startswith("me") else clip for clip in clips]
    held = clips_held_out(two, config.model_copy(update={"performers": ("Other",)}))
    assert held == {clip.name for clip in two if clip.performer == "Other"}
    assert any(name.endswith("~") for name in held)
    by_name = config.model_copy(update={"hold_out_by": "gesture", "performers": (), "hold_out": 0.5})
    kept = [clip for clip in clips if clip.name not in clips_held_out(clips, by_name)]
    assert len(kept) < len(clips)
    assert set(forms_of_training(by_name)) == {name for clip in kept for name in forms_of_clip(clip).values()}
    with pytest.raises(ValueError, match="performer"):
        ComposeConfig(gestures=tmp_path, texts=[tmp_path], performers=("Tester",))
