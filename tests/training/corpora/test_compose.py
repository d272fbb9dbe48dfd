# SPDX-License-Identifier: GPL-3.0-or-later
"""Composed corpora: reproducible, smooth, arriving where they should, annotated as they move."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from aqgt import skeleton
from aqgt.annotations import CHANNEL_BY_KEY
from aqgt.errors import AqgtError
from aqgt.words import Word, spread
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.corpora.compose import Composer
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.corpora.flite import Flite
from aqgt_training.corpora.forms import collect_forms
from aqgt_training.corpora.gesture_clips import read_gesture_clips
from aqgt_training.corpora.placing import PlacedGesture, perform
from aqgt_training.corpora.speakers import make_speakers
from tests.training.corpora.recordings import write_recordings


def flite_missing() -> str:
    try:
        ctypes.CDLL("libflite_cmu_us_slt.so.1")
    except OSError:
        return "needs Debian's package libflite1"
    return ""


needs_flite = pytest.mark.skipif(bool(flite_missing()), reason=flite_missing() or "Flite is there")
TEXT = """You and I must never forget this. The people over there know what it means. Please give me one
reason. We stop here, because all of us think that it is enough. I offer you my help, and you say no."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> ComposeConfig:
    folder = tmp_path_factory.mktemp("compose")
    write_recordings(folder / "clips")
    (folder / "texts").mkdir()
    for number in range(3):
        (folder / "texts" / f"{number}.txt").write_text(TEXT)
    return ComposeConfig(
        gestures=folder / "clips",
        texts=[folder / "texts"],
        hours=0.01,
        val_minutes=0.2,
        words_per_clip=(20, 30),
    )


@pytest.fixture(scope="module")
def clip(config: ComposeConfig) -> ClipRecord:
    return Composer(config).compose("train", 1)


@needs_flite
def test_flite_says_words_in_order_with_times() -> None:
    speech = Flite("slt").speak("I have never seen such a big house.")
    assert [word.text for word in speech.words] == ["i", "have", "never", "seen", "such", "a", "big", "house"]
    assert all(a.end <= b.start + 1e-3 for a, b in zip(speech.words, speech.words[1:], strict=False))
    assert speech.words[-1].end <= len(speech.samples) / 16000
    assert any(syllable.accented for syllable in speech.syllables)


def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(AqgtError, match="slt, rms, awb"):
        Flite("nobody")


@needs_flite
def test_the_same_seed_gives_the_same_clip(config: ComposeConfig, clip: ClipRecord) -> None:
    again = Composer(config).compose("train", 1)
    np.testing.assert_array_equal(again.bone_vectors, clip.bone_vectors)
    np.testing.assert_array_equal(again.annotations, clip.annotations)
    np.testing.assert_array_equal(again.audio, clip.audio)
    other = Composer(config.model_copy(update={"seed": 1})).compose("train", 1)
    assert not np.array_equal(other.audio, clip.audio)


@needs_flite
def test_sound_motion_and_annotations_have_one_length(clip: ClipRecord) -> None:
    assert clip.annotations is not None
    assert clip.annotations.shape == (17, len(clip.bone_vectors))
    assert len(clip.audio) / 16000 == pytest.approx(clip.duration, abs=1 / 15)
    assert clip.words
    assert clip.words[-1].end <= clip.duration
    lengths = np.linalg.norm(clip.bone_vectors.astype(np.float32)[:, 1:], axis=-1)
    np.testing.assert_allclose(
        lengths, np.broadcast_to(skeleton.HUMAN_LENGTHS[1:], lengths.shape), rtol=5e-3, atol=1e-4
    )


@needs_flite
def test_hands_are_away_from_rest_when_they_arrive_and_at_rest_in_between(clip: ClipRecord) -> None:
    assert clip.annotations is not None
    positions = clip.motion().positions()
    assert clip.meta["gestures"]
    for gesture in clip.meta["gestures"]:
        for side in gesture["hands"]:
            wrist = positions[:, skeleton.JOINT_INDEX[f"{side}_wrist"]] - positions[:, skeleton.THORAX]
            away = np.linalg.norm(wrist - wrist[0], axis=-1)
            phase = clip.annotations[CHANNEL_BY_KEY[f"phase_{side}"].index]
            idle = (phase == 0) & (np.convolve(phase > 0, np.ones(15), mode="same") == 0)
            arrival = min(round(gesture["arrival"] * 15), len(away) - 1)
            assert away[arrival] > 0.03
            assert (away[idle] < 0.02).all()


@needs_flite
def test_annotations_say_unknown_outside_gestures_and_everything_within(clip: ClipRecord) -> None:
    assert clip.annotations is not None
    for side in ("left", "right"):
        phase = clip.annotations[CHANNEL_BY_KEY[f"phase_{side}"].index]
        assert (phase >= 0).all()
        assert ((clip.annotations[CHANNEL_BY_KEY[f"phrase_{side}"].index] > 0) == (phase > 0)).all()
        for family in ("position", "shape", "wrist", "extent", "practice"):
            values = clip.annotations[CHANNEL_BY_KEY[f"{family}_{side}"].index]
            assert (values[phase > 0] > 0).all()
            assert (values[phase == 0] == -1).all()


def test_the_hand_arrives_when_it_should_and_moves_without_jumps(tmp_path: Path) -> None:
    clips = read_gesture_clips(write_recordings(tmp_path))
    speaker = make_speakers(clips, 1, seed=0)[0]
    chosen = [next(c for c in clips if c.side == side) for side in ("right", "both", "right")]
    arrivals = (2.0, 3.6, 6.5)
    gestures = [
        PlacedGesture(clip, clip.kind, clip.side, t - 1.0, t - 0.6, t, t + 0.6, 1.0, 1.0)
        for clip, t in zip(chosen, arrivals, strict=True)
    ]
    fps = 60.0
    performance = perform(speaker, gestures, [], [], int(9 * fps), fps, np.random.default_rng(0))
    positions = skeleton.positions_from_bone_vectors(performance.bone_vectors())
    wrist = positions[:, skeleton.RIGHT_WRIST] - positions[:, skeleton.THORAX]
    velocity = np.diff(wrist, axis=0) * fps
    speed = np.linalg.norm(velocity, axis=-1)
    for t in arrivals:
        near = speed[int((t - 0.5) * fps) : int(t * fps)].max()
        assert speed[int(t * fps) + 2] < 0.35 * near  # arrived: slow again
    # Velocity is continuous: from one frame to the next it changes by a small share of the fastest movement.
    change = np.linalg.norm(np.diff(velocity, axis=0), axis=-1)
    assert change.max() < 0.25 * speed.max()
    # The second gesture follows soon: the hand stays up; before the third it has come to rest.
    away = np.linalg.norm(wrist - wrist[0], axis=-1)
    assert away[int(2.7 * fps)] > 0.04
    assert away[int(5.4 * fps)] < 0.02


@needs_flite
def test_the_command_makes_a_corpus_whose_forms_the_planner_can_read(
    config: ComposeConfig, tmp_path: Path
) -> None:
    from aqgt_training.corpora.cli import app

    file = tmp_path / "tiny.yaml"
    file.write_text(
        f"gestures: {config.gestures}\ntexts: ['{config.texts[0]}']\n"
        "val_minutes: 0.2\nwords_per_clip: [20, 30]\n"
    )
    result = CliRunner().invoke(
        app, ["compose", str(file), "--out", str(tmp_path / "corpus"), "--hours", "0.01"]
    )
    assert result.exit_code == 0, result.output
    with ClipReader(tmp_path / "corpus") as reader:
        splits = {reader.split_of(name) for name in reader.names}
        assert splits == {"train", "val"}
        assert reader.manifest["splits"]["train"]["seconds"] >= 36
        held = set(reader.manifest["info"]["held_out"]["documents"])
        sources = {split: {c.meta["source"] for c in reader if c.split == split} for split in splits}
        assert sources["val"] - {"phrases"} <= held
        assert not sources["train"] & held
        table = collect_forms(reader)
    assert {len(labels) for row in table["forms"] for labels in row["hands"].values()} == {
        len(table["families"])
    }
    # Half of it again, then the rest: the same corpus.
    half = [str(file), "--out", str(tmp_path / "again"), "--hours", "0.005"]
    assert CliRunner().invoke(app, ["compose", *half]).exit_code == 0
    other = CliRunner().invoke(app, ["compose", *half[:-1], "0.01", "--resume"])
    assert "other settings" in str(other.exception)
    (tmp_path / "again" / "settings.json").unlink()
    rest = CliRunner().invoke(app, ["compose", *half[:-1], "0.01", "--resume"])
    assert rest.exit_code == 0, rest.output
    assert (
        ClipReader(tmp_path / "again").manifest["sha256"]
        == ClipReader(tmp_path / "corpus").manifest["sha256"]
    )
    shown = CliRunner().invoke(app, ["inspect", str(tmp_path / "corpus")])
    assert shown.exit_code == 0
    assert "phase" in shown.output


@pytest.mark.parametrize(
    ("text", "named"),
    [("hours: 1", "gestures"), ("gestures: a\ntexts: [b]\nspeed: 3", "speed"), ("a: [", "YAML")],
)
def test_a_wrong_config_names_what_is_wrong(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(text)
    with pytest.raises(AqgtError, match=named):
        ComposeConfig.read(file)


def test_recordings_are_read_with_either_kind_of_transcript(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aqgt_training.corpora import recordings

    def fake_align(samples: np.ndarray, text: str) -> list[Word]:
        if "impossible" in text:
            raise AqgtError("The transcript does not fit.")
        return spread(text, 0.1, len(samples) / 16000)

    monkeypatch.setattr(recordings, "align", fake_align)
    monkeypatch.setattr(recordings, "read_audio", lambda path: np.zeros(16000, np.float32))
    for folder, name, text in (
        ("sphinx", "transcription", "<s> one two </s> (a)\n<s> impossible </s> (b)\n<s> no sound </s> (c)\n"),
        ("table", "metadata.csv", "a|1 2|one two\nb|impossible|impossible\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
        for sound in ("a", "b"):
            (tmp_path / folder / f"{sound}.wav").touch()
        found = recordings.read_recordings(tmp_path / folder)
        assert [(r.name, [w.text for w in r.words]) for r in found] == [(f"{folder}/a", ["one", "two"])]
    with pytest.raises(AqgtError, match="no transcript"):
        recordings.read_recordings(tmp_path)
