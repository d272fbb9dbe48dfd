# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the figure: tapered limbs with round joints, hands with fingers, a head with a face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw

from aqgt import skeleton as sk

Colour = tuple[int, int, int]

TORSO: Colour = (92, 106, 128)
SKIN: Colour = (233, 188, 158)
FACE: Colour = (74, 64, 66)
LEFT: Colour = (64, 132, 190)
RIGHT: Colour = (222, 106, 84)
HALO: Colour = (240, 240, 240)

HALO_METRES = 0.010
SHOULDER, ELBOW, WRIST = 0.050, 0.038, 0.027
NECK, HEAD_ACROSS, HEAD_ALONG = 0.038, 0.082, 0.112
FINGER_ROOT, FINGER_TIP, PALM = 0.0105, 0.0080, 0.013


@dataclass(frozen=True)
class Pose:
    """One frame to draw.

    Attributes:
        points: projected joints `[53, 3]`: x, y, pixels per metre.
        face: projected points `[5, 3]`: centre of the head, left eye, right eye, root and tip of the nose.
        depth: z of the joints `[53]` in metres, smaller is nearer.
        head_tilt: angle of the head's long axis against the vertical, radians, clockwise positive.
    """

    points: NDArray
    face: NDArray
    depth: NDArray
    head_tilt: float


def face_points(positions: NDArray) -> NDArray[np.float64]:
    """Head centre, eyes, root and tip of the nose `[T, 5, 3]` from joint positions `[T, 53, 3]` in metres."""
    neck, nose, top = (positions[:, joint] for joint in (sk.THORAX, sk.NOSE, sk.HEAD_TOP))
    up = _unit(top - neck)
    centre = neck + up * 0.62 * np.linalg.norm(top - neck, axis=-1, keepdims=True)
    forward = nose - centre
    forward = _unit(forward - up * np.sum(forward * up, axis=-1, keepdims=True))
    left = np.cross(up, forward)
    eyes = centre + up * 0.012 + forward * 0.078
    return np.stack(
        [
            centre,
            eyes + left * 0.034,
            eyes - left * 0.034,
            centre - up * 0.012 + forward * 0.088,
            centre - up * 0.034 + forward * 0.104,
        ],
        axis=1,
    )


def draw_figure(draw: ImageDraw.ImageDraw, pose: Pose) -> None:
    """Draw a pose; what is farther away is drawn first."""
    points = pose.points
    _torso(draw, pose)
    head = (float(pose.depth[sk.NOSE]), lambda: _head(draw, pose))
    parts = [head]
    for side, colour in (("left", LEFT), ("right", RIGHT)):
        joint = {name: sk.JOINT_INDEX[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist")}
        upper = points[[joint["shoulder"], joint["elbow"]]]
        lower = points[[joint["elbow"], joint["wrist"]]]
        # The hand belongs to the forearm, so that no palm is drawn behind its own wrist.
        parts.append(
            (float(pose.depth[joint["shoulder"]]), _limb_later(draw, upper, SHOULDER, ELBOW, colour))
        )
        depth = float(pose.depth[[joint["elbow"], joint["wrist"]]].mean())
        parts.append((depth, _arm_later(draw, pose, side, lower, colour)))
    for _, action in sorted(parts, key=lambda part: -part[0]):
        action()


def _limb_later(draw: ImageDraw.ImageDraw, ends: NDArray, first: float, last: float, colour: Colour):  # type: ignore[no-untyped-def]
    return lambda: _limb(draw, ends, first, last, colour)


def _arm_later(draw: ImageDraw.ImageDraw, pose: Pose, side: str, ends: NDArray, colour: Colour):  # type: ignore[no-untyped-def]
    def action() -> None:
        _limb(draw, ends, ELBOW, WRIST, colour)
        _hand(draw, pose, side)

    return action


def _torso(draw: ImageDraw.ImageDraw, pose: Pose) -> None:
    points = pose.points
    pelvis, thorax = points[sk.PELVIS], points[sk.THORAX]
    left, right = points[sk.LEFT_SHOULDER], points[sk.RIGHT_SHOULDER]
    across = (left - right)[:2]
    hip_left, hip_right = pelvis.copy(), pelvis.copy()
    hip_left[:2] += across * 0.24
    hip_right[:2] -= across * 0.24
    # The shoulders' slope starts a little up the neck, as a collar does.
    collar = thorax.copy()
    collar[:2] += (pose.face[0, :2] - thorax[:2]) * 0.22
    rounding = {"shoulder": SHOULDER * 0.9 * thorax[2], "hip": 0.075 * pelvis[2], "collar": 0.055 * thorax[2]}
    ring = [
        (left, "shoulder"),
        (hip_left, "hip"),
        (hip_right, "hip"),
        (right, "shoulder"),
        (collar, "collar"),
    ]
    draw.polygon([tuple(point[:2]) for point, _ in ring], fill=TORSO)
    for (a, first), (b, last) in zip(ring, ring[1:] + ring[:1], strict=True):
        _capsule(draw, a, b, rounding[first], rounding[last], TORSO)
    neck = thorax + (collar - thorax) * 0.9
    _capsule(draw, neck, pose.face[0], NECK * neck[2], NECK * neck[2], _shade(SKIN, 0.90))


def _head(draw: ImageDraw.ImageDraw, pose: Pose) -> None:
    centre, left_eye, right_eye, nose_root, nose_tip = pose.face
    scale = centre[2]
    _ellipse(draw, centre, HEAD_ACROSS * scale, HEAD_ALONG * scale, pose.head_tilt, SKIN)
    for eye in (left_eye, right_eye):
        _disc(draw, eye, 0.0085 * scale, FACE)
    _capsule(draw, nose_root, nose_tip, 0.008 * scale, 0.010 * scale, _shade(SKIN, 0.84))


def _limb(draw: ImageDraw.ImageDraw, ends: NDArray, first: float, last: float, colour: Colour) -> None:
    a, b = ends
    _capsule(draw, a, b, (first + HALO_METRES) * a[2], (last + HALO_METRES) * b[2], HALO)
    _capsule(draw, a, b, first * a[2], last * b[2], colour)


def _hand(draw: ImageDraw.ImageDraw, pose: Pose, side: str) -> None:
    points = pose.points
    wrist = points[sk.JOINT_INDEX[f"{side}_wrist"]]
    chains = {finger: points[list(sk.finger_chain(side, finger))] for finger in sk.FINGERS}
    depth = {f: float(pose.depth[list(sk.finger_chain(side, f))].mean()) for f in sk.FINGERS}
    palm = [wrist, *(chains[finger][0] for finger in ("thumb", "index", "middle", "ring", "little"))]
    order = sorted(sk.FINGERS, key=lambda finger: -depth[finger])
    palm_depth = float(pose.depth[sk.JOINT_INDEX[f"{side}_wrist"]])
    behind = [finger for finger in order if depth[finger] > palm_depth]
    for finger in behind:
        _finger(draw, chains[finger])
    _palm(draw, palm)
    for finger in order:
        if finger not in behind:
            _finger(draw, chains[finger])


def _palm(draw: ImageDraw.ImageDraw, corners: list[NDArray]) -> None:
    halo = PALM + HALO_METRES * 0.6
    for radius, colour in ((halo, HALO), (PALM, SKIN)):
        draw.polygon([tuple(p[:2]) for p in corners], fill=colour)
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
            _capsule(draw, a, b, radius * a[2], radius * b[2], colour)


def _finger(draw: ImageDraw.ImageDraw, chain: NDArray) -> None:
    radii = np.linspace(FINGER_ROOT, FINGER_TIP, len(chain)) * chain[:, 2]
    rim = 0.0035 * chain[0, 2]
    for extra, colour in ((rim, _shade(SKIN, 0.80)), (0.0, SKIN)):
        for k in range(len(chain) - 1):
            _capsule(draw, chain[k], chain[k + 1], radii[k] + extra, radii[k + 1] + extra, colour)


# ---------------------------------------------------------------- shapes


def _capsule(
    draw: ImageDraw.ImageDraw, a: NDArray, b: NDArray, radius_a: float, radius_b: float, colour: Colour
) -> None:
    ax, ay, bx, by = float(a[0]), float(a[1]), float(b[0]), float(b[1])
    dx, dy = bx - ax, by - ay
    length = (dx * dx + dy * dy) ** 0.5
    if length > 1e-6:
        nx, ny = -dy / length, dx / length
        draw.polygon(
            [
                (ax + nx * radius_a, ay + ny * radius_a),
                (bx + nx * radius_b, by + ny * radius_b),
                (bx - nx * radius_b, by - ny * radius_b),
                (ax - nx * radius_a, ay - ny * radius_a),
            ],
            fill=colour,
        )
    _disc(draw, a, radius_a, colour)
    _disc(draw, b, radius_b, colour)


def _disc(draw: ImageDraw.ImageDraw, centre: NDArray, radius: float, colour: Colour) -> None:
    x, y = float(centre[0]), float(centre[1])
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


_TURN = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)


def _ellipse(
    draw: ImageDraw.ImageDraw, centre: NDArray, across: float, along: float, tilt: float, colour: Colour
) -> None:
    x, y = across * np.cos(_TURN), along * np.sin(_TURN)
    cos, sin = np.cos(tilt), np.sin(tilt)
    outline = np.stack([centre[0] + cos * x - sin * y, centre[1] + sin * x + cos * y], axis=1)
    draw.polygon([tuple(point) for point in outline], fill=colour)


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (round(part * factor) for part in colour)
    return red, green, blue


def _unit(vectors: NDArray) -> NDArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
