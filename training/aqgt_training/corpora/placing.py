# SPDX-License-Identifier: GPL-3.0-or-later
"""Places recorded gestures on a speaker's rest pose: warped in time, blended in and out, held between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from aqgt import rotations, skeleton
from aqgt.skeleton import THORAX
from aqgt_training.corpora.gesture_clips import GestureClip
from aqgt_training.corpora.limbs import (
    HEAD_JOINTS,
    SIDES,
    TRUNK_JOINTS,
    Arm,
    Floats,
    minimum_jerk,
    put_arm,
    take_arm,
    turns_from_first,
)
from aqgt_training.corpora.speakers import Speaker, turn_trunk

STAY_GAP = 0.35
"""With less time than this to the next gesture of a hand, it does not begin to sink."""
_RAISED_LEAD = 0.3
"""Seconds of the recorded rise that a hand which is up already takes part in."""
_RAISED_SECONDS = 0.55
"""Time it has for them: slower, so that it sets out gently."""
_BEAT_DEGREES = 9.0
_TRUNK_GAIN = 0.6
_HEAD_GAIN = 0.9
_NOD_DEGREES = 4.0


@dataclass(frozen=True)
class PlacedGesture:
    """A recorded gesture on the timeline of a clip. Times in seconds.

    Attributes:
        clip: the recorded gesture.
        kind: what the planner asked for.
        side: the hands used of the clip.
        begin, stroke, arrival, end: where preparation, stroke and hold begin, and the hold's end.
        speed: of the clip around the stroke.
        amplitude: factor on its excursion.
        word: index of the word, or -1.
        sharpness: above 0 the stroke comes late and sudden, below 0 early and gently; at 1 its middle
            lags by a quarter of its way. Begin and arrival stay.
        factors: hand → factor on its excursion, instead of ``amplitude``.
        fingers: the recording whose fingers it is made with, if not the clip's own.
    """

    clip: GestureClip
    kind: str
    side: str
    begin: float
    stroke: float
    arrival: float
    end: float
    speed: float
    amplitude: float
    word: int = -1
    sharpness: float = 0.0
    factors: Mapping[str, float] = field(default_factory=dict)
    fingers: GestureClip | None = None

    @property
    def sides(self) -> tuple[str, ...]:
        """The hands used."""
        return SIDES if self.side == "both" else (self.side,)

    def clip_times(self, times: Floats, raised: bool = False) -> Floats:
        """Second of the clip for each second `[T]` of the timeline: monotone, smooth, still before and after.

        ``raised``: the hand is up already, so the recorded rise is skipped; else it would dip on its way.
        """
        marks = self.clip.marks
        lead = (marks.emphasis - marks.onset) / self.speed
        if raised:
            onset = max(marks.onset, marks.emphasis - _RAISED_LEAD)
            lead_in = [(self.arrival - _RAISED_SECONDS, onset)]
        else:
            onset = marks.onset
            stroke_start = self.arrival - (marks.emphasis - marks.stroke_start) / self.speed
            lead_in = [(self.arrival - lead, onset), (stroke_start, marks.stroke_start)]
        if self.sharpness:
            began, onset_of_stroke = lead_in[-1]
            way = marks.emphasis - onset_of_stroke
            middle = onset_of_stroke + (0.5 - 0.25 * self.sharpness) * way
            lead_in.append(((began + self.arrival) / 2, middle))
        rest_of_stroke = (marks.stroke_end - marks.emphasis) / self.speed
        stay = max(self.end - self.arrival, 0.15)
        follow = min(rest_of_stroke, stay)
        knots = [
            (self.arrival - lead - 2.0, onset),
            *lead_in,
            (self.arrival, marks.emphasis),
            (self.arrival + follow, marks.emphasis + follow * self.speed),
        ]
        # What remains until the recorded retraction passes at most at recorded speed, then the hand stays.
        remain = min(marks.relax - knots[-1][1], max(stay - follow, 0.0)) * 0.8
        knots.append((knots[-1][0] + max(stay - follow, 0.1) + 0.1, knots[-1][1] + max(remain, 0.0)))
        knots.append((knots[-1][0] + 5.0, knots[-1][1]))
        x = np.array([knot[0] for knot in knots])
        x = np.maximum.accumulate(x + np.arange(len(x)) * 1e-4)
        y = np.maximum.accumulate([knot[1] for knot in knots])
        return PchipInterpolator(x, y)(np.clip(times, x[0], x[-1]))


@dataclass(frozen=True)
class Timeline:
    """One hand's gesture as it came out: seconds of the phases."""

    gesture: PlacedGesture
    side: str
    begin: float
    stroke: float
    arrival: float
    end: float
    sunk: float


@dataclass(frozen=True)
class Performance:
    """A composed motion: unit directions `[T, 53, 3]` at ``fps``, what each hand does, the nods."""

    directions: NDArray[np.float64]
    fps: float
    timelines: Sequence[Timeline]
    nods: Sequence[float]

    def bone_vectors(self) -> NDArray[np.float64]:
        """`[T, 53, 3]` on the human length table, root at the origin."""
        return self.directions * skeleton.HUMAN_LENGTHS[None, :, None]


def perform(
    speaker: Speaker,
    gestures: Sequence[PlacedGesture],
    accents: Sequence[tuple[float, float]],
    nods: Sequence[tuple[float, float]],
    n_frames: int,
    fps: float,
    random: np.random.Generator,
) -> Performance:
    """The speaker performs the gestures.

    ``accents`` are (second, strength) of the voice's accents, which hands that are held up beat along with;
    ``nods`` are those that the head marks.
    """
    times = np.arange(n_frames) / fps
    directions = np.broadcast_to(speaker.rest, (n_frames, skeleton.N_JOINTS, 3)).copy()
    timelines: list[Timeline] = []
    for side in SIDES:
        arm, lines = _perform_arm(speaker, gestures, accents, side, times, fps, random)
        put_arm(directions, side, arm)
        timelines += lines
    _perform_trunk(speaker, gestures, nods, times, fps, directions, random)
    timelines.sort(key=lambda line: (line.arrival, line.side))
    return Performance(directions, fps, timelines, [second for second, _ in nods])


def _perform_arm(
    speaker: Speaker,
    gestures: Sequence[PlacedGesture],
    accents: Sequence[tuple[float, float]],
    side: str,
    times: Floats,
    fps: float,
    random: np.random.Generator,
) -> tuple[Arm, list[Timeline]]:
    rest = speaker.arm(side)
    pose = rest.repeated(len(times))
    mine = [gesture for gesture in gestures if side in gesture.sides]
    lines: list[Timeline] = []
    raised = False
    for index, gesture in enumerate(mine):
        following = mine[index + 1] if index + 1 < len(mine) else None
        layer = _layer(gesture, side, rest, times, raised)
        up = minimum_jerk(times, gesture.begin, gesture.arrival - 0.12)
        stays = following is not None and following.begin - gesture.end < STAY_GAP
        end = max(gesture.end, following.begin) if stays and following is not None else gesture.end
        sinking = _sinking_seconds(layer, rest, gesture, times)
        # Where the hand stays up, the next gesture covers this one from its arrival on.
        down = np.ones(len(times)) if stays else 1 - minimum_jerk(times, end, end + sinking)
        # What lies below is covered from the arrival on, and must be at rest when this gesture sinks.
        covered = minimum_jerk(times, gesture.arrival - 0.12, gesture.arrival + 0.05)
        pose = pose.blend(rest.repeated(len(times)), covered).blend(layer, up * down)
        lines.append(
            Timeline(
                gesture, side, gesture.begin, gesture.stroke, gesture.arrival, end,
                end if stays else end + 0.65 * sinking,
            )
        )  # fmt: skip
        raised = stays
    sway = np.deg2rad(1.0) * _noise(len(times), 3, 1.2 * fps, random)
    bend = np.deg2rad(1.5) * _noise(len(times), 3, 0.9 * fps, random)
    return pose.turned(sway, bend + _beats(lines, accents, times, pose.fore)), lines


def _beats(
    lines: Sequence[Timeline], accents: Sequence[tuple[float, float]], times: Floats, fore: Floats
) -> Floats:
    """Rotation vectors `[T, 3]` by which a forearm that is held up beats with the accents of the voice."""
    angle = np.zeros(len(times))
    for second, strength in accents:
        if any(line.arrival + 0.3 < second < line.end - 0.12 for line in lines):
            down = np.exp(-0.5 * ((times - second) / 0.08) ** 2)
            lift = np.exp(-0.5 * ((times - second + 0.2) / 0.09) ** 2)
            angle += np.deg2rad(_BEAT_DEGREES) * strength * (down - 0.5 * lift)
    axis = np.cross(fore, np.array([0.0, 1.0, 0.0]))
    return axis * angle[:, None]


def _layer(gesture: PlacedGesture, side: str, rest: Arm, times: Floats, raised: bool) -> Arm:
    clip = gesture.clip
    arm = take_arm(clip.directions, side).at(gesture.clip_times(times, raised) * clip.fps)
    fingers = arm.fingers
    if (other := gesture.fingers) is not None:
        at = replace(gesture, clip=other).clip_times(times, raised) * other.fps
        fingers = take_arm(other.directions, side).at(at).fingers
    clavicle = arm.clavicle
    rest_clavicle = np.broadcast_to(rest.clavicle[:1], clavicle.shape)
    # The recorded shoulder's own posture stays behind: only its movement comes along.
    moved = turns_from_first(
        np.concatenate([take_arm(clip.directions[:1], side).clavicle, clavicle])[:, None], (0,)
    )[1:]
    arm = Arm(_turned(rest_clavicle, moved), arm.upper, arm.fore, arm.wrist, fingers)
    return arm.scaled(rest, np.full(len(times), gesture.factors.get(side, gesture.amplitude)))


def _sinking_seconds(layer: Arm, rest: Arm, gesture: PlacedGesture, times: Floats) -> float:
    """Longer for hands that have farther to go."""
    at = int(np.clip(np.searchsorted(times, gesture.end), 0, len(times) - 1))
    apart = np.arccos(np.clip((layer.fore[at] * rest.fore[0]).sum(), -1, 1))
    return float(np.clip(0.55 + 0.25 * apart, 0.55, 1.05))


def _perform_trunk(
    speaker: Speaker,
    gestures: Sequence[PlacedGesture],
    nods: Sequence[tuple[float, float]],
    times: Floats,
    fps: float,
    directions: NDArray,
    random: np.random.Generator,
) -> None:
    trunk = np.zeros((len(times), 3))
    head = np.zeros((len(times), 3))
    for gesture in gestures:
        weight = minimum_jerk(times, gesture.begin, gesture.arrival - 0.1)
        weight = (weight * (1 - minimum_jerk(times, gesture.end, gesture.end + 0.8)))[:, None]
        frames = gesture.clip_times(times) * gesture.clip.fps
        for joints, gain, sum_of in (((THORAX,), _TRUNK_GAIN, trunk), (HEAD_JOINTS, _HEAD_GAIN, head)):
            turns = turns_from_first(gesture.clip.directions, joints)
            at = np.clip(frames, 0, len(turns) - 1)
            sum_of += (
                gain
                * weight
                * np.stack(
                    [np.interp(at, np.arange(len(turns)), turns[:, axis]) for axis in range(3)], axis=-1
                )
            )
    seconds = times * 2 * np.pi
    breathing = np.deg2rad(0.5) * np.sin(seconds * random.uniform(0.22, 0.3) + random.uniform(0, 6))
    trunk += np.deg2rad(1.1) * _noise(len(times), 3, 1.6 * fps, random)
    trunk[:, 0] += breathing
    head += trunk + np.deg2rad(1.6) * _noise(len(times), 3, 0.8 * fps, random)
    for second, strength in nods:
        # Turning about the axis to the speaker's left by a positive angle lowers the nose.
        head[:, 0] += np.deg2rad(_NOD_DEGREES) * strength * np.exp(-0.5 * ((times - second) / 0.11) ** 2)
    limit = np.deg2rad(25.0)
    head = limit * np.tanh(head / limit)
    for joint in TRUNK_JOINTS:
        directions[:, joint] = turn_trunk(speaker.rest, joint, trunk)
    for joint in HEAD_JOINTS:
        directions[:, joint] = turn_trunk(speaker.rest, joint, head)


def _turned(vectors: Floats, turns: Floats) -> Floats:
    return rotations.rotate(rotations.from_rotation_vector(turns), vectors)


def _noise(n: int, channels: int, width: float, random: np.random.Generator) -> Floats:
    """Smooth noise `[n, channels]` of unit deviation; ``width`` in frames."""
    margin = int(4 * width) + 1
    raw = gaussian_filter1d(random.standard_normal((n + 2 * margin, channels)), width, axis=0)
    return raw[margin : margin + n] * np.sqrt(2 * width * np.sqrt(np.pi))
