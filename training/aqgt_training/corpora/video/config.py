# SPDX-License-Identifier: GPL-3.0-or-later
"""How videos become clips: the contents of configs/corpora/video.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from aqgt.resources import data_path
from aqgt.settings import Settings, read_settings

Share = Annotated[float, Field(ge=0, le=1)]
FPS = 25.0
"""Frames per second that all videos come to."""


class TrackingConfig(Settings):
    """How the tracker looks at a video. A change of any of these means tracking anew.

    Attributes:
        cuts: PySceneDetect's detector: ``content``, or ``adaptive`` for a moving camera.
        cut_threshold: its threshold (27 is usual for content, 3 for adaptive).
        shortest_scene: frames at least from one cut to the next.
        detection_confidence, tracking_confidence: MediaPipe Holistic's.
        face_confidence: MediaPipe's face detection's; faces count the people.
        face_step: frames from one look for faces to the next.
        person_share: whose face is found in fewer of a scene's looks is not counted.
        speaker: who is followed where there are several.
        thumbnail_step: frames from one thumbnail to the next.
        thumbnail_height: pixels.
    """

    cuts: Literal["content", "adaptive"] = "content"
    cut_threshold: Annotated[float, Field(gt=0, le=255)] = 27.0
    shortest_scene: Annotated[int, Field(ge=1, le=1000)] = 15
    detection_confidence: Share = 0.5
    tracking_confidence: Share = 0.5
    face_confidence: Share = 0.5
    face_step: Annotated[int, Field(ge=1, le=250)] = 5
    person_share: Share = 0.3
    speaker: Literal["largest", "central", "leftmost", "rightmost"] = "largest"
    thumbnail_step: Annotated[int, Field(ge=1, le=250)] = 25
    thumbnail_height: Annotated[int, Field(ge=24, le=1080)] = 120


class MotionConfig(Settings):
    """How landmarks become motion.

    Attributes:
        longest_gap: frames without a body or hand that are bridged on a straight line.
        smoothing: standard deviation in frames of the smoothing over time; 0: none.
        face_front: turn each clip such that the speaker faces the viewer.
        as_published: bone lengths, depth and smoothing of the published pipeline instead (it takes depth from
            the nose and is late by a frame and a half).
    """

    longest_gap: Annotated[int, Field(ge=0, le=250)] = 10
    smoothing: Annotated[float, Field(ge=0, le=25)] = 1.0
    face_front: bool = True
    as_published: bool = False


class FilterConfig(Settings):
    """What a clip has to be like. Each reason for which one is left out bears the name of its key here.

    Attributes:
        smallest_height: pixels of the video.
        shortest, longest: seconds; a longer stretch becomes several clips.
        most_people: faces in the scene.
        visibility: score from which a body joint counts as seen.
        poorly_seen: largest share of frames in which half of the body's joints are not seen.
        hands_seen: smallest share of frames in which a hand is seen, mean of both.
        shoulder_width: pixels between the shoulders, median.
        still_picture: mean change of a pixel within a second, 0 to 255, below which the picture stands still.
        sideways: largest share of frames turned aside by more than ``sideways_angle`` degrees.
        looking_back: largest share of frames with the back to the camera.
        movement: smallest spread of the wrists over time, in shoulder widths.
        jumps: largest share of frames in which a wrist goes further than ``jump_distance`` shoulder widths.
        loudness: smallest root mean square of the sound, full scale = 1.
        words: smallest number of words.
    """

    smallest_height: Annotated[int, Field(ge=0)] = 360
    shortest: Annotated[float, Field(gt=0)] = 3.0
    longest: Annotated[float, Field(gt=0)] = 60.0
    most_people: Annotated[int, Field(ge=1)] = 4
    visibility: Share = 0.5
    poorly_seen: Share = 0.2
    hands_seen: Share = 0.5
    shoulder_width: Annotated[float, Field(ge=0)] = 40.0
    still_picture: Annotated[float, Field(ge=0)] = 0.1
    sideways_angle: Annotated[float, Field(gt=0, le=180)] = 60.0
    sideways: Share = 0.5
    looking_back: Share = 0.3
    movement: Annotated[float, Field(ge=0)] = 0.03
    jump_distance: Annotated[float, Field(gt=0)] = 0.8
    jumps: Share = 0.02
    loudness: Annotated[float, Field(ge=0)] = 0.001
    words: Annotated[int, Field(ge=0)] = 1


class VideoConfig(Settings):
    """How videos become a corpus."""

    tracking: TrackingConfig = TrackingConfig()
    motion: MotionConfig = MotionConfig()
    filters: FilterConfig = FilterConfig()

    @classmethod
    def read(cls, path: Path | None = None) -> VideoConfig:
        """The settings of a file; without one those of configs/corpora/video.yaml.

        Raises:
            AqgtError: the file is missing, or holds an unknown key or a wrong value; the message names it.
        """
        return read_settings(path or data_path("configs", "corpora", "video.yaml"), cls)
