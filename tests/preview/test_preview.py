# SPDX-License-Identifier: GPL-3.0-or-later
"""The preview video: whole, in sync, the right way round."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from aqgt import skeleton as sk
from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.preview import write_preview
from aqgt.preview.camera import Camera
from aqgt.preview.captions import describe, span_at, word_at
from aqgt.preview.figure import LEFT, RIGHT, SKIN, face_points
from aqgt.preview.video import HEIGHT, WIDTH
from aqgt.words import Word

RATE = 16_000


def still(seconds: float, raised: str | None = None, raise_at: float = 0.0) -> Motion:
    """A T-pose with hanging arms; from a time on one arm points upwards."""
    directions = sk.bone_vectors_from_positions(sk.REFERENCE_REST).copy()
    joints = {"left": [6, 7, *sk.LEFT_HAND_JOINTS], "right": [9, 10, *sk.RIGHT_HAND_JOINTS]}
    lengths = np.linalg.norm(directions, axis=-1)
    for side in joints.values():
        directions[side] = lengths[side, None] * np.array([0.0, 1.0, 0.0])
    vectors = np.repeat(directions[None], max(1, round(seconds * 15)), axis=0)
    if raised:
        vectors[round(raise_at * 15) :, joints[raised], 1] *= -1
    return Motion(15, vectors.astype(np.float32), sk.REFERENCE_LENGTHS)


def decode(path: Path) -> tuple[list[np.ndarray], np.ndarray, dict]:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        facts = {
            "codec": video.codec_context.name,
            "format": video.codec_context.pix_fmt,
            "rate": video.average_rate,
        }
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    sound = np.zeros(0)
    with av.open(str(path)) as container:
        if container.streams.audio:
            facts["sound"] = container.streams.audio[0].codec_context.name
            facts["sound rate"] = container.streams.audio[0].rate
            frames = list(container.decode(audio=0))
            facts["sound start"] = float(frames[0].pts * frames[0].time_base)
            sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return pictures, sound, facts


def near(picture: np.ndarray, colour: tuple[int, int, int], tolerance: int = 24) -> np.ndarray:
    return np.abs(picture.astype(int) - np.array(colour)).max(axis=-1) < tolerance


def test_it_is_h264_and_aac_and_lasts_as_long_as_the_sound(tmp_path: Path) -> None:
    audio = np.random.default_rng(0).standard_normal(round(2.5 * RATE)).astype(np.float32) * 0.1
    write_preview(tmp_path / "a.mp4", still(1.0), audio)
    pictures, sound, facts = decode(tmp_path / "a.mp4")
    assert (facts["codec"], facts["format"], facts["sound"]) == ("h264", "yuv420p", "aac")
    assert len(pictures) == 75
    assert pictures[0].shape == (HEIGHT, WIDTH, 3)
    assert len(sound) / facts["sound rate"] == pytest.approx(2.5, abs=0.05)


def test_sound_and_picture_are_in_step(tmp_path: Path) -> None:
    audio = np.zeros(3 * RATE, np.float32)
    audio[round(1.6 * RATE) :] = 0.5 * np.sin(np.arange(3 * RATE - round(1.6 * RATE)) * 0.3)
    write_preview(tmp_path / "a.mp4", still(3.0, "right", raise_at=1.6), audio)
    pictures, sound, facts = decode(tmp_path / "a.mp4")
    moved = next(
        k for k, picture in enumerate(pictures) if near(picture, SKIN)[: HEIGHT // 4, : WIDTH // 2 - 60].any()
    )
    heard = np.argmax(np.abs(sound) > 0.1) / facts["sound rate"] + facts["sound start"]
    assert moved / 30 == pytest.approx(1.6, abs=0.08)
    assert heard == pytest.approx(1.6, abs=0.03)


@pytest.mark.parametrize(("side", "colour"), [("left", LEFT), ("right", RIGHT)])
def test_the_viewer_faces_the_speaker(tmp_path: Path, side: str, colour: tuple[int, int, int]) -> None:
    write_preview(tmp_path / "a.mp4", still(0.2, side))
    pictures, _, facts = decode(tmp_path / "a.mp4")
    assert "sound" not in facts
    rows, columns = np.nonzero(near(pictures[-1], colour))
    shoulder = HEIGHT * 0.35
    assert (rows < shoulder).mean() > 0.3, "the raised arm is above the shoulder"
    # The speaker's left is on the viewer's right.
    assert (columns > WIDTH / 2).mean() == (1.0 if side == "left" else 0.0)


def test_words_and_annotations_appear_at_the_bottom(tmp_path: Path) -> None:
    words, spans = [Word("hello", 0.0, 0.2)], [Span(0.5, 0.9, "right", {"phrase": "iconic"})]
    write_preview(tmp_path / "a.mp4", still(1.5), words=words, spans=spans)
    pictures, _, _ = decode(tmp_path / "a.mp4")
    dark = [(picture[-90:].max(axis=-1) < 175).sum() for picture in pictures]
    assert dark[3] > 100
    assert dark[20] > 50
    assert dark[40] == 0


def test_captions_follow_the_time() -> None:
    words = [Word("a", 0.0, 0.5), Word("b", 0.6, 1.0)]
    assert [word_at(words, t) for t in (0.1, 0.55, 0.75, 1.1, 1.3)] == ["a", "a", "b", "b", ""]
    spans = [
        Span(1.0, 2.0, "right", {"phrase": "iconic", "extent": "large"}),
        Span(3.0),
        Span(5.0, 6.0, rest=True),
    ]
    assert span_at(spans, 1.5) == "iconic · right hand · large"
    assert span_at(spans, 2.5) == span_at(spans, 5.5) == ""
    assert span_at(spans, 4.1) == "both hands"
    sided = Span(0, 1, "both", {"phrase_left": "beat", "extent_left": "none"})
    assert describe(sided) == "beat · both hands"


def test_nearer_is_larger_and_the_middle_stays() -> None:
    camera = Camera(WIDTH, HEIGHT)
    near_point, far_point = camera.project(np.array([[0.3, -0.4, -0.4], [0.3, -0.4, 0.4]]))
    assert near_point[0] > far_point[0] > WIDTH / 2
    assert near_point[2] > far_point[2]
    assert camera.project(np.array([0.0, camera.centre, 0.7]))[:2] == pytest.approx([WIDTH / 2, HEIGHT / 2])


def test_the_face_looks_where_the_nose_points() -> None:
    centre, left_eye, right_eye, _, tip = face_points(sk.REFERENCE_REST[None])[0]
    assert left_eye[0] > centre[0] > right_eye[0]
    assert tip[2] < centre[2], "towards the viewer"


def test_a_motion_of_official_proportions_is_drawn_as_large(tmp_path: Path) -> None:
    motion = still(0.2).with_lengths(sk.OFFICIAL_LENGTHS)
    for name, drawn in (("a", motion), ("b", still(0.2))):
        write_preview(tmp_path / f"{name}.mp4", drawn)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_nothing_is_left_of_a_video_that_fails(tmp_path: Path) -> None:
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_preview(tmp_path / "a.mp4", still(1.0), progress=stop)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(AqgtError):
        write_preview(tmp_path / "nowhere" / "a.mp4", still(1.0))
    with pytest.raises(AqgtError):
        write_preview(tmp_path / "a.mp4", Motion(15, np.zeros((0, 53, 3), np.float32)))
