# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the video corpus that need no tracker."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.models.rest_pose import rest_pose
from aqgt_training.corpora.video import download, tracking
from aqgt_training.corpora.video.clips import judge, measure, measure_sound, stretches_of
from aqgt_training.corpora.video.config import FilterConfig, VideoConfig
from aqgt_training.corpora.video.hands import bridged, palm, repair_flips, runs
from aqgt_training.corpora.video.joints import motion_as_published, motion_of, tracked_body
from aqgt_training.corpora.video.spoken_words import files_beside, words_of
from aqgt_training.corpora.video.tracker.frames import UnusableVideoError, VideoPictures, at_steady_rate
from aqgt_training.corpora.video.tracker.people import columns_of, follow, speaker_of
from aqgt_training.corpora.video.tracking import Scene, Tracking
from tests.training.corpora.video.landmarks import tracking_of

N_FRAMES = 100


@pytest.fixture(scope="module")
def positions() -> np.ndarray:
    """Joints `[T, 53, 3]` in metres of someone who waves with the right arm."""
    vectors = np.repeat(rest_pose(skeleton.REFERENCE_LENGTHS)[None], N_FRAMES, axis=0)
    angle = 0.8 * np.sin(np.linspace(0, 12, N_FRAMES))
    turn = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for joint in (skeleton.RIGHT_WRIST, *skeleton.RIGHT_HAND_JOINTS):
        x, y = vectors[:, joint, 0].copy(), vectors[:, joint, 1].copy()
        vectors[:, joint, 0] = turn[:, 0] * x - turn[:, 1] * y
        vectors[:, joint, 1] = turn[:, 1] * x + turn[:, 0] * y
    return skeleton.positions_from_bone_vectors(vectors)


@pytest.fixture(scope="module")
def seen(positions: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    return tracking_of(positions, tmp_path_factory.mktemp("seen"))


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return np.degrees(np.arccos(np.clip((a * b).sum(-1) / norms, -1, 1)))


def test_landmarks_become_the_joints_they_were_made_of(positions: np.ndarray, seen: Tracking) -> None:
    body = tracked_body(seen, 10)
    motion = motion_of(body.joints, 25, 0)
    true = skeleton.bone_vectors_from_positions(positions)
    joints = [
        6,
        7,
        9,
        10,
        *(i for name, i in skeleton.JOINT_INDEX.items() if name[-2:] in ("_2", "_3", "_4")),
    ]
    assert apart(motion.directions()[:, joints], true[:, joints]).max() < 1
    assert np.allclose(motion.lengths, skeleton.HUMAN_LENGTHS)
    assert body.hands.all()
    assert not body.repaired.any()
    published = motion_as_published(body.joints, 25)
    norms = np.linalg.norm(published.bone_vectors[:1, 1:], axis=-1)
    assert np.allclose(norms, skeleton.OFFICIAL_LENGTHS[1:], atol=1e-6)


def test_smoothing_does_not_make_a_movement_late(seen: Tracking) -> None:
    joints = tracked_body(seen, 10).joints
    sharp, soft = (motion_of(joints, 25, sigma).positions()[:, skeleton.RIGHT_WRIST, 1] for sigma in (0, 2))
    lags = range(-4, 5)
    fits = [np.corrcoef(sharp[8:-8], np.roll(soft, -lag)[8:-8])[0, 1] for lag in lags]
    assert lags[int(np.argmax(fits))] == 0


def test_flipped_palms_are_turned_over(seen: Tracking) -> None:
    left, right = (hand.copy() for hand in seen.hands)
    right[10:20] *= (1, 1, -1)
    mended = tracked_body(replace(seen, hands=(left, right)), 10)
    plain = tracked_body(seen, 10)
    flipped_at = np.flatnonzero(mended.repaired[:, 1])
    assert set(flipped_at) <= set(range(10, 20))
    assert not mended.repaired[:, 0].any()
    own = slice(17 + 21, 59)
    normals = [
        palm(one.joints[:, 38], one.joints[:, 38 + 5], one.joints[:, 38 + 17]) for one in (mended, plain)
    ]
    assert apart(*normals).max() < 90
    assert np.allclose(mended.joints[flipped_at][:, own], plain.joints[flipped_at][:, own], atol=1e-3)


def test_a_palm_on_edge_is_turned_over() -> None:
    points = np.zeros((1, 21, 3))
    points[0, 5], points[0, 17] = (0.1, 1.0, 0.3), (0.1, 1.0, -0.3)
    expected = palm(points[:, 0], points[:, 5], points[:, 17])
    found = repair_flips(points * (1, 1, -1), expected)
    assert found.repaired.all()
    assert np.allclose(found.points, points)


def test_a_palm_that_fits_neither_way_round_is_dropped() -> None:
    points = np.zeros((1, 21, 3))
    points[0, 5], points[0, 17] = (0.3, 1.0, 0.1), (-0.3, 1.0, 0.1)
    expected = palm(points[:, 0], points[:, 5], points[:, 17])
    points[0, [5, 17]] = points[0, [17, 5]]  # in the image plane: no depth can set this right
    found = repair_flips(points, expected)
    assert found.dropped.all()
    assert np.isnan(found.points).all()


def test_gaps_are_bridged_up_to_a_length_and_long_ones_get_a_hand_at_rest(seen: Tracking) -> None:
    hands = (seen.hands[0].copy(), seen.hands[1].copy())
    hands[0][20:25] = np.nan
    hands[1][50:] = np.nan
    body = tracked_body(replace(seen, hands=hands), 10)
    assert np.isfinite(body.joints).all()
    assert body.hands.sum(axis=0).tolist() == [N_FRAMES - 5, 50]
    middle = body.joints[60, 38 + 9] - body.joints[60, 38]
    fore = body.joints[60, 16] - body.joints[60, 15]
    assert apart(middle, fore) < 60
    values = np.array([[0.0], [np.nan], [2.0], [np.nan], [np.nan]])
    assert bridged(values, 1)[:3, 0].tolist() == [0, 1, 2]
    assert np.isnan(bridged(values, 5)[3:]).all()
    assert runs(np.array([True, False, True, True])) == [(0, 1), (2, 4)]


def test_stretches_end_where_nobody_is_and_where_they_grow_too_long(seen: Tracking) -> None:
    world = seen.world.copy()
    world[30:60] = np.nan
    scenes = [Scene(0, 80, 1, 0), Scene(80, 100, 1, 0)]
    gone = replace(seen, world=world, scenes=scenes)
    found = stretches_of(gone, tracked_body(gone, 10), 60)
    assert [(one.start, one.end) for one in found] == [(0, 30), (60, 80), (80, 100)]
    long = stretches_of(seen, tracked_body(seen, 10), 1.5)
    assert [(one.start, one.end) for one in long] == [(0, 33), (33, 67), (67, 100)]
    world[:] = np.nan
    assert [one.empty for one in stretches_of(gone, tracked_body(gone, 10), 60)] == [True, True]


def test_each_filter_names_its_reason(seen: Tracking, positions: np.ndarray, tmp_path: Path) -> None:
    def reasons(tracked: Tracking, filters: FilterConfig, sound: float = 0.1, words: int = 3) -> set[str]:
        body = tracked_body(tracked, 10)
        figures = measure(stretches_of(tracked, body, 60)[0], tracked, body, filters)
        return set(judge(figures | measure_sound(np.full(99, sound, np.float32), words), filters))

    filters = FilterConfig()
    assert reasons(seen, filters) == set()
    assert reasons(seen, filters, sound=0.0) == {"loudness"}
    assert reasons(seen, filters, words=0) == {"words"}
    assert reasons(seen, filters.model_copy(update={"shortest": 5.0})) == {"shortest"}
    assert reasons(seen, filters.model_copy(update={"smallest_height": 1081})) == {"smallest_height"}
    assert reasons(replace(seen, scenes=[Scene(0, N_FRAMES, 9, 0)]), filters) == {"most_people"}
    assert reasons(replace(seen, change=np.zeros(N_FRAMES)), filters) == {"still_picture"}
    assert reasons(replace(seen, visibility=np.zeros((N_FRAMES, 33))), filters) == {"poorly_seen"}
    lost = tuple(np.full_like(hand, np.nan) for hand in seen.hands)
    assert reasons(replace(seen, hands=lost), filters) == {"hands_seen"}
    assert reasons(replace(seen, pose=seen.pose / 20), filters) == {"shoulder_width"}
    still = tracking_of(np.repeat(positions[:1], N_FRAMES, axis=0), tmp_path)
    assert reasons(still, filters) == {"movement"}
    back = tracking_of(positions * (-1, 1, -1), tmp_path)
    assert reasons(back, filters) == {"sideways", "looking_back"}
    jumping = positions.copy()
    jumping[::10, skeleton.LEFT_WRIST] += 1
    assert "jumps" in reasons(tracking_of(jumping, tmp_path), filters)
    assert judge({"shortest": 3.0}, filters) == {"nobody": "Nobody was found."}


@pytest.mark.parametrize(("fps", "expected"), [(50, 50), (25, 50), (15, 50), (29.97, 50), (10, 50)])
def test_any_frame_rate_becomes_25(fps: float, expected: int) -> None:
    timed = [(number / fps, number) for number in range(round(2 * fps))]
    taken = list(at_steady_rate(timed, 25))
    assert abs(len(taken) - expected) <= max(1, 25 / fps)
    assert max(abs(number / fps - at / 25) for at, number in enumerate(taken)) <= 0.5 / min(fps, 25) + 1e-9
    uneven = [(0.0, "a"), (0.03, "b"), (0.2, "c")]
    assert list(at_steady_rate(uneven, 25)) == ["a", "b", "b", "c", "c", "c"]


def test_what_is_no_video_says_so(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(bytes(1000))
    with pytest.raises(UnusableVideoError, match="can't be opened"):
        VideoPictures(tmp_path / "broken.mp4")


def test_people_are_followed_and_the_speaker_is_chosen() -> None:
    left, right, passing = (50, 20, 60, 60), (400, 30, 90, 90), (250, 20, 40, 40)
    looks = [np.array([right, left] if number % 2 else [left, right], float) for number in range(10)]
    looks[3][1, 3] = looks[5][0, 3] = 120  # sizes of faces waver
    looks[4] = np.array([left, right, passing], float)
    people = follow(looks, 0.3)
    assert [round(person.centre) for person in people] == [80, 445]
    assert speaker_of(people, "largest", 640) == 1
    assert speaker_of(people, "leftmost", 640) == 0
    assert speaker_of(people, "rightmost", 640) == 1
    assert speaker_of(people, "central", 640) == 1
    assert columns_of(people, 0, 640) == (0, 262)
    assert columns_of(people, 1, 640) == (262, 640)
    assert follow([np.zeros((0, 4))] * 3, 0.3) == []


def test_words_are_found_beside_a_video(tmp_path: Path) -> None:
    video = tmp_path / "talk.mp4"
    video.write_bytes(b"")
    assert "no words beside" in str(words_of(video, None).problem)
    (tmp_path / "talk.info.json").write_text("{}", encoding="utf-8")
    (tmp_path / "talk two.en.srt").write_text("not of this one", encoding="utf-8")
    (tmp_path / "talk.de-orig.vtt").write_text(
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nguten<00:00:01.500><c> Tag</c>\n", encoding="utf-8"
    )
    found = words_of(video, None)
    assert [(word.text, word.start, word.end, word.language) for word in found.words] == [
        ("guten", 1.0, 1.5, "de"), ("Tag", 1.5, 2.0, "de"),
    ]  # fmt: skip
    whisper = {"segments": [{"words": [{"word": "hello", "start": 0.5, "end": 0.9}]}]}
    (tmp_path / "talk.json").write_text(json.dumps(whisper), encoding="utf-8")
    assert [path.name for path in files_beside(video)] == ["talk.json", "talk.de-orig.vtt"]
    assert words_of(video, None).origin == "talk.json"
    (tmp_path / "talk.json").write_text("{", encoding="utf-8")
    assert words_of(video, None).origin == "talk.de-orig.vtt"


def test_the_shipped_settings_are_the_defaults(checkout: Path, tmp_path: Path) -> None:
    path = checkout / "configs" / "corpora" / "video.yaml"
    assert VideoConfig.read() == VideoConfig()
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert written == VideoConfig().model_dump(mode="json")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("filters:\n  hands_seen: 2\n", encoding="utf-8")
    with pytest.raises(AqgtError, match="hands_seen"):
        VideoConfig.read(wrong)


def test_without_a_tracker_the_error_names_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(tracking.PYTHON_VARIABLE, str(tmp_path / "none"))
    with pytest.raises(AqgtError, match="make video") as caught:
        tracking.tracker_python()
    assert caught.value.code == "no-tracker"


def test_links_are_read_and_failures_told_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    links = tmp_path / "links.txt"
    links.write_text("# talks\nhttps://a.example/1 # one\n\nhttps://a.example/2\nhttps://a.example/1\n")
    assert download.read_links(links) == ["https://a.example/1", "https://a.example/2"]
    links.write_text("a.example\n")
    with pytest.raises(AqgtError, match="no address"):
        download.read_links(links)
    monkeypatch.setattr(download, "downloader", lambda: ["yt-dlp"])
    told = {"https://a.example/1": "Video unavailable", "https://a.example/2": None}
    monkeypatch.setattr(download, "_download", lambda program, address, *_: told[address])
    assert download.download_videos(list(told), tmp_path) == {"https://a.example/1": "Video unavailable"}
    told["https://a.example/1"] = (
        "Unable to download webpage: [Errno -3] Temporary failure in name resolution"
    )
    with pytest.raises(AqgtError, match="can't be reached") as caught:
        download.download_videos(list(told), tmp_path)
    assert caught.value.code == "offline"
