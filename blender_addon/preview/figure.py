# SPDX-License-Identifier: GPL-3.0-or-later
"""Finished windows as a figure of lines beside the character; drawn, so that nothing of the file changes."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.motion import Motion
from aqgt.retarget import Mapping, RigDescription
from aqgt.retarget.pose import character_axes, from_model_axes

from ..scene.context import seconds
from .buffer import Buffer
from .shown import Shown

COLOURS = {"centre": (0.85, 0.85, 0.85, 1.0), "left": (0.25, 0.55, 0.85, 1.0), "right": (0.9, 0.45, 0.3, 1.0)}
_BESIDE = 1.1
"""Metres to the character's left, for one as tall as the reference skeleton."""
_LINE = 3.0
_SHOULDERS = (skeleton.LEFT_SHOULDER, skeleton.RIGHT_SHOULDER)


class Placement:
    """Where the figure stands: beside the character, as large as it, facing the same way.

    Args:
        rig: the character at rest.
        mapping: its bones.
    """

    def __init__(self, rig: RigDescription, mapping: Mapping) -> None:
        self._axes = character_axes(rig, mapping.bones)
        shoulders, elbows = (
            np.array([rig.heads[rig.index[mapping.bones[f"{side}_{part}_1"]]] for side in mapping.sides()])
            for part in ("upper_arm", "forearm")
        )
        arm = float(np.linalg.norm(elbows - shoulders, axis=-1).mean())
        self._size = arm / float(skeleton.REFERENCE_LENGTHS[skeleton.LEFT_ELBOW])
        rest = from_model_axes(skeleton.REFERENCE_REST[list(_SHOULDERS)].mean(axis=0))
        self._origin = (
            shoulders.mean(axis=0) + self._axes @ (np.array([_BESIDE, 0.0, 0.0]) - rest) * self._size
        )

    def segments(self, vectors: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Ends of the lines of one pose.

        Args:
            vectors: bone vectors `[53, 3]`.

        Returns:
            Side to points `[2 · lines, 3]` in armature space, two for each line.
        """
        joints = from_model_axes(Motion(1.0, vectors[None]).metric().positions()[0])
        points = self._origin + (joints * self._size) @ self._axes.T
        found: dict[str, NDArray[np.float32]] = {}
        for side in COLOURS:
            ends = [
                (skeleton.PARENTS[joint], joint)
                for joint in range(1, skeleton.N_JOINTS)
                if skeleton.SIDES[joint] == side
            ]
            found[side] = points[np.array(ends).ravel()].astype(np.float32)
        return found


class FigurePreview:
    """Draws the pose that is due at the frame that is shown, in every 3D viewport of the scene."""

    def __init__(self, shown: Shown, buffer: Buffer, placement: Placement) -> None:
        self._shown, self._buffer, self._placement = shown, buffer, placement
        self._handle: Any = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_VIEW")

    def tick(self, seconds: float) -> None:
        """Nothing to do: the viewport asks for the pose when it draws."""

    def suspend(self) -> None:
        """Nothing of it is in the file."""

    def remove(self) -> None:
        """Stop drawing."""
        if self._handle is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
            self._handle = None

    def pose_at(self, scene: bpy.types.Scene) -> NDArray[np.float32] | None:
        """Bone vectors `[53, 3]` at the frame that a scene shows; before and after, those at the ends."""
        if scene.name != self._shown.scene or not self._buffer.length:
            return None
        due = round((seconds(scene, scene.frame_current_final) - self._shown.start) * self._shown.fps)
        at = min(max(due, 0), self._buffer.length - 1)
        return self._buffer.frames(at, at + 1)[0]

    def _draw(self) -> None:
        """Called by Blender after a viewport has drawn its scene."""
        context = bpy.context
        armature: Any = bpy.data.objects.get(self._shown.character)
        pose = self.pose_at(context.scene)
        if armature is None or pose is None:
            return
        import gpu  # only a window has it
        from gpu_extras.batch import batch_for_shader

        shader: Any = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
        shader.uniform_float("viewportSize", (context.region.width, context.region.height))
        shader.uniform_float("lineWidth", _LINE * context.preferences.system.ui_scale)
        with gpu.matrix.push_pop():
            gpu.matrix.multiply_matrix(armature.matrix_world)
            for side, points in self._placement.segments(pose).items():
                shader.uniform_float("color", COLOURS[side])
                batch_for_shader(shader, "LINES", {"pos": points.tolist()}).draw(shader)
