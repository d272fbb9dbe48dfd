# SPDX-License-Identifier: GPL-3.0-or-later
"""From tracked videos to the database, with the tracker's part played by known landmarks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.models.rest_pose import rest_pose
from aqgt.speech.audio import write_wav
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.video import building
from aqgt_training.corpora.video.building import BuildOptions, build_corpus
from aqgt_training.corpora.video.config import VideoConfig
from aqgt_training.corpora.video.review import write_review
from tests.training.corpora.video.landmarks import tracking_of


@pytest.fixture
def talks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three videos of four seconds: one with sound and words, one without, and one that can't be opened."""
    vectors = np.repeat(rest_pose(skeleton.REFERENCE_LENGTHS)[None], 100, axis=0)
    vectors[:, skeleton.LEFT_WRIST, 0] += 0.1 * np.sin(np.linspace(0, 12, 100))
    positions = skeleton.positions_from_bone_vectors(vectors)
    folder = tmp_path / "talks"
    (folder / "more").mkdir(parents=True)
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * 16_000)
    write_wav(folder / "sound.wav", noise)
    (folder / "sound.wav").rename(folder / "a.mp4")  # read as sound by its content
    (folder / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nhello there\n", encoding="utf-8")
    (folder / "more" / "mute.mp4").write_bytes(b"nothing")
    (folder / "bad.webm").write_bytes(b"nothing")

    def track(path: Path, *_: object, **__: object) -> None:
        if path.name == "bad.webm":
            raise AqgtError("The video can't be used: it can't be opened.", "", "bad-video")

    monkeypatch.setattr(building, "ensure_tracked", track)
    monkeypatch.setattr(building, "read_tracking", lambda own: tracking_of(positions, own))
    monkeypatch.setattr(building, "tracker_python", lambda: Path("python"))
    return folder


def test_what_passes_is_stored_and_the_rest_named(talks: Path, tmp_path: Path) -> None:
    ended = {}
    manifest, verdicts = build_corpus(
        talks, tmp_path / "out", VideoConfig(), BuildOptions(),
        progress=lambda name, share, problem: ended.update({name: problem}) if share == 1 else None,
    )  # fmt: skip
    assert list(manifest["entries"]) == ["a.mp4/0000000"]
    assert manifest["info"]["left_out"] == {"loudness": 1, "words": 1}
    assert set(manifest["info"]["skipped"]) == {"bad.webm"} == {name for name, why in ended.items() if why}
    with ClipReader(tmp_path / "out") as reader:
        clip = reader.read("a.mp4/0000000")
    assert (clip.video, clip.fps, clip.duration, len(clip.audio)) == ("a.mp4", 25.0, 4.0, 64_000)
    assert [word.text for word in clip.words] == ["hello", "there"]
    assert np.allclose(clip.lengths, skeleton.HUMAN_LENGTHS)
    page = write_review(tmp_path / "out", talks, verdicts).read_text(encoding="utf-8")
    assert "more/mute.mp4/0000000" in page
    assert "can't be opened" in page


def test_decisions_and_filters_count_on_the_next_run(talks: Path, tmp_path: Path) -> None:
    decisions = {"a.mp4/0000000": False, "more/mute.mp4/0000000": True}
    options = BuildOptions(decisions=decisions, speaker="^([a-z]+)")
    manifest, _ = build_corpus(talks, tmp_path / "out", VideoConfig(), options)
    assert list(manifest["entries"]) == ["more/mute.mp4/0000000"]
    assert manifest["info"]["speakers"] == {"a": 0, "bad": 1, "more": 2}
    with ClipReader(tmp_path / "out") as reader:
        assert not reader.read("more/mute.mp4/0000000").audio.any()
    strict = VideoConfig.model_validate({"filters": {"shortest": 5}})
    manifest, verdicts = build_corpus(talks, tmp_path / "out", strict, BuildOptions(), resume=True)
    assert manifest["clips"] == 0
    assert all("shortest" in clip.stretch.reasons for one in verdicts for clip in one.clips)


def test_a_folder_without_videos_says_so(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="no videos"):
        build_corpus(tmp_path, tmp_path / "out", VideoConfig(), BuildOptions())
