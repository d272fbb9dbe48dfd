# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands against the real mesh of the demo character, as Blender deforms it: none lies inside the body."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="needs Blender as a module")

from mathutils import Vector  # noqa: E402
from mathutils.bvhtree import BVHTree  # noqa: E402

from aqgt.retarget import Mapping, RetargetOptions, match, solve  # noqa: E402
from tests.blender.test_retarget_blender import armature, describe, write  # noqa: E402, F401
from tests.retarget.test_keep_out import folded_motion  # noqa: E402

RAYS = tuple(Vector(way).normalized() for way in ((0, -1, 0), (0, 1, 0), (0.6, 0.8, 0)))


def skinned_mesh() -> Any:
    meshes = [found for found in bpy.data.objects if found.type == "MESH" and found.vertex_groups]
    return max(meshes, key=lambda found: len(found.data.vertices))


def main_bones(mesh: Any) -> list[str]:
    """For each vertex the bone with the largest weight."""
    names = [group.name for group in mesh.vertex_groups]
    return [
        names[max(vertex.groups, key=lambda group: group.weight).group] if vertex.groups else ""
        for vertex in mesh.data.vertices
    ]


def is_inside(body: BVHTree, point: Vector) -> bool:
    """By walls along rays and by the nearest normal: the body is open where limbs leave it."""

    def walls(way: Vector) -> int:
        count, start = 0, point
        while count < 50:
            hit = body.ray_cast(start, way)[0]
            if hit is None:
                break
            count, start = count + 1, hit + way * 1e-5
        return count

    wall, normal, _, distance = body.find_nearest(point)
    if distance > 0.13 or (point - wall).dot(normal) >= 0:
        return False
    return sum(walls(way) % 2 for way in RAYS) >= 2


def deepest(armature: Any, mapping: Mapping, n_frames: int) -> float:  # noqa: F811
    """How deep wrists, knuckles and index fingers lie in torso and head at most, in metres."""
    mesh = skinned_mesh()
    roles = [role for role in mapping.bones if role.startswith(("hips", "spine", "neck", "head"))]
    trunk = {mapping.bones[role] for role in roles}
    kept = [bone in trunk for bone in main_bones(mesh)]
    faces = [face.vertices[:] for face in mesh.data.polygons if all(kept[index] for index in face.vertices)]
    worst = 0.0
    for frame in range(0, n_frames, 6):
        bpy.context.scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        shape = mesh.evaluated_get(graph).to_mesh()
        body = BVHTree.FromPolygons([mesh.matrix_world @ v.co for v in shape.vertices], faces)
        pose = armature.evaluated_get(graph).pose.bones
        for side in ("left", "right"):
            for role in ("hand", "middle_1", "index_2"):
                point = armature.matrix_world @ pose[mapping.bones[f"{side}_{role}"]].head
                if is_inside(body, point):
                    worst = max(worst, body.find_nearest(point)[3])
    return worst


@pytest.mark.parametrize("turned", [(1.5, 1.3), (1.6, 1.4), (1.7, 1.0)])
def test_hands_stay_out_of_the_mesh(armature: Any, turned: tuple[float, float]) -> None:  # noqa: F811
    rig = describe(armature)
    mapping = match(rig)
    mesh = skinned_mesh()
    to_armature = np.linalg.inv(np.array(armature.matrix_world)) @ np.array(mesh.matrix_world)
    points = [(to_armature @ np.append(vertex.co, 1.0))[:3] for vertex in mesh.data.vertices]
    motion = folded_motion(*turned)

    def depth_of(described: Any, *, keep: bool) -> float:
        write(armature, solve(motion, described, mapping, RetargetOptions(keep_out=keep)), motion.fps)
        return deepest(armature, mapping, len(motion))

    assert depth_of(rig, keep=False) > 0.05, "the case tests something"
    assert depth_of(rig, keep=True) < 0.01
    assert depth_of(rig.with_skin(np.array(points), main_bones(mesh)), keep=True) < 0.01
