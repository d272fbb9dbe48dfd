# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows as the published pipeline cuts them, beside ours; and the windows of its own shards."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.models.rest_pose import rest_pose
from aqgt.speech.published.features import PublishedFeatures
from aqgt.words import Word
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.published.windows import original_windows
from aqgt_training.corpora.shards import open_shards
from aqgt_training.corpora.windowing import Cutting, windows_of

SECONDS, FPS, FIRST = 12, 25.0, 100


class Encoders:
    """Stands in for the networks that read sound and text; remembers the sentences."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def values(self, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return windows[:, :2304], windows[:, :576]

    def logits(self, windows: np.ndarray) -> np.ndarray:
        return windows[:, : 113 * 32].reshape(-1, 113, 32)

    def vectors(self, sentences: Sequence[str]) -> np.ndarray:
        self.sentences += sentences
        return np.zeros((len(sentences), 768), np.float32)


def clip() -> ClipRecord:
    """A word each second, an entity that changes each second, and no movement from 3 s to 7 s."""
    n_frames = round(SECONDS * FPS)
    seconds = np.arange(n_frames) / FPS
    scale = np.where((seconds < 3) | (seconds > 7), 1.0, 0.5) + 0.01 * np.sin(seconds)
    vectors = rest_pose()[None] * scale[:, None, None]
    annotations = np.full((17, n_frames), 0, np.float32)
    annotations[0] = 1 + seconds.astype(int)
    sound = np.random.default_rng(0).normal(0, 0.1, SECONDS * 16_000)
    return ClipRecord(
        "talk",
        vectors.astype(np.float16),
        skeleton.OFFICIAL_LENGTHS,
        (np.clip(sound, -1, 1) * 32767).astype(np.int16),
        [Word(f"w{second}", second + 0.1, second + 0.6) for second in range(SECONDS)],
        annotations,
        fps=FPS,
        meta={"start_frame": FIRST},
    )


def published() -> tuple[PublishedFeatures, Encoders]:
    encoders = Encoders()
    return PublishedFeatures(encoders, encoders, encoders), encoders


def test_the_original_errors_and_ours_without_them() -> None:
    features, said = published()
    theirs = list(original_windows(clip(), features))
    theirs_said, said.sentences = said.sentences, []
    ours = list(windows_of(clip(), features, Cutting(), dtype=np.float32))
    starts = range(0, SECONDS * 15 - 34 + 1, 8)
    assert [window["frame"] for window in ours] == list(starts)
    # The original leaves out windows whose joints lie close together, and not those that stand still …
    kept = [window["frame"] for window in theirs]
    assert 0 < len(kept) < len(ours)
    # … and then gives each window left the annotations of the first, second, third … of all.
    for number, window in enumerate(theirs):
        assert window["annotations"][0, 0] == 1 + int(number * 8 / 15 + 1e-9)
    assert any(window["annotations"][0, 0] != 1 + window["frame"] // 15 for window in theirs)
    for window, sentence in zip(ours, said.sentences, strict=True):
        begin, end = window["frame"] / 15, (window["frame"] + 34) / 15
        assert window["annotations"][0, 0] == 1 + int(begin + 1e-6 + 0.02)
        assert sentence == " ".join(f"w{s}" for s in range(SECONDS) if s + 0.6 > begin and s + 0.1 < end)
    # A clip from frame 100 on: the original scales that as well and looks for words 67 frames too late.
    late = theirs_said[0].split()
    assert late == [f"w{s}" for s in range(SECONDS) if s + 0.6 > FIRST * (FPS / 15 - 1) / FPS and s + 0.1 < (
        FIRST * (FPS / 15 - 1) + 34 * FPS / 15) / FPS]  # fmt: skip
    assert theirs[0]["beats"].shape == (2, 1020)


def _member(value: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def write_published_shard(path: Path, *, more: dict[str, bytes] | None = None) -> np.ndarray:
    """A shard of one window as the published pipeline writes it; returns its positions."""
    poses = skeleton.positions_from_bone_vectors(np.repeat(rest_pose()[None], 34, axis=0)).astype(np.float32)
    members = {
        "beat": np.zeros((2, 1020), np.float32),
        "word_seq": torch.zeros(1, 1, 768),
        "words_lengths": torch.tensor([1]),
        "poses_seq": poses.reshape(34, 159),
        "vec_seq": torch.zeros(34, 159),
        "audio": torch.ones(1, 113, 32),
        "audio_var_bottom": torch.zeros(1, 2304),
        "audio_var_top": torch.zeros(576),
        "aux_info": {"vid": ["Talk.mp4"], "start_frame_no": torch.tensor([7]), "word_raw": [["a", 1, 2]]},
        "annotations": torch.tensor([-1.0]),
    }
    data = {f"{name}.pth": _member(value) for name, value in members.items()} | (more or {})
    with tarfile.open(path, "w") as shard:
        for name, content in data.items():
            info = tarfile.TarInfo(f"sample000000.{name}")
            info.size = len(content)
            shard.addfile(info, io.BytesIO(content))
    return poses


def test_published_shards_are_read(tmp_path: Path) -> None:
    poses = write_published_shard(tmp_path / "data_000000.tar")
    (window,) = open_shards(tmp_path, speakers={"Talk.mp4": 5})
    np.testing.assert_allclose(skeleton.positions_from_bone_vectors(window["bone_vectors"]), poses, atol=1e-6)
    shapes = {name: value.shape for name, value in window.items() if isinstance(value, np.ndarray)}
    assert shapes == {
        "beats": (2, 1020), "sentence": (768,), "logits": (113, 32), "audio_bottom": (2304,),
        "audio_top": (576,), "bone_vectors": (34, 53, 3), "annotations": (17, 34),
    }  # fmt: skip
    assert (window["annotations"] == -1).all()
    assert (window["clip"], window["frame"], window["speaker"]) == ("Talk.mp4", 7, 5)


class Touch:
    """A pickle that would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_member_that_would_run_something_is_refused(tmp_path: Path) -> None:
    hostile = _member(Touch(tmp_path / "touched"))
    write_published_shard(tmp_path / "data.tar", more={"beat.pth": hostile})
    with pytest.raises(AqgtError, match="more than plain values"):
        list(open_shards(str(tmp_path / "data.tar")))
    assert not (tmp_path / "touched").exists()
