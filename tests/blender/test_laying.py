# SPDX-License-Identifier: GPL-3.0-or-later
"""A result is laid on in slices; whatever happens between two of them, the file holds all or nothing."""

from __future__ import annotations

import time

import bpy
import numpy as np
import pytest

from tests.blender.helpers import snapshot
from tests.blender.takes import waving

SECONDS = 20.0


class Client:
    """An engine that has answered already."""

    def __init__(self):
        self.cancelled = []

    def submit(self, request):
        return "job"

    def poll(self, job):
        return []

    def cancel(self, job):
        self.cancelled.append(job)


@pytest.fixture
def job(blender, character, part):
    """A job whose two motions have arrived."""
    from aqgt.protocol.messages import GenerateRequest, GenerateResult, Provenance

    blender.scene.render.fps = 30
    jobs = part("generate.job")
    request = GenerateRequest(np.zeros(round(SECONDS * 16000), np.float32), variants=2)
    made = jobs.Job(Client(), request, "", blender.scene.name, character.name, 1.0)
    made.result = GenerateResult(
        motions=tuple(waving(seed, SECONDS) for seed in range(2)),
        spans=((), ()),
        tracks=(np.zeros((17, 300), np.float32),) * 2,
        provenance=tuple(
            Provenance("debug", "ab" * 32, "CC0-1.0", True, seed, engine_version="0") for seed in range(2)
        ),
    )
    jobs.current = made
    yield made
    jobs.abandon()


@pytest.fixture
def operator(part, job):
    """What the Generate button runs, without Blender's event loop: one `tick` at a time."""
    ops, running = part("generate.ops"), part("generate.running")

    class Operator(running.JobOperator):
        show, hide = ops.AQGT_OT_generate.show, ops.AQGT_OT_generate.hide
        apply, applying = ops.AQGT_OT_generate.apply, ops.AQGT_OT_generate.applying

        def __init__(self):
            self._job, self.said = job, []

        def gather(self, context):
            return job

        def report(self, kind, text):
            self.said.append(text)

    yield Operator()
    part("preview.live").stop()


def ticks(operator, until=lambda: False):
    """Tick until it ends or something is true."""
    for number in range(5000):
        ended = operator.tick()
        if ended or until():
            return ended, number + 1
        time.sleep(0.002)  # what needs nothing of Blender's is done in a thread
    raise AssertionError("it does not end")


def written():
    """Curves of half a take that are there."""
    return [
        curve
        for action in bpy.data.actions
        if action.get("aqgt_preview") is not None
        for bag in action.layers[0].strips[0].channelbags
        for curve in bag.fcurves
    ]


def halfway(operator):
    ended, _ = ticks(operator, until=lambda: len(written()) > 20)
    assert not ended
    assert written()


def test_it_is_written_a_curve_at_a_time_and_laid_at_once(operator, job, part, character, monkeypatch):
    running, steps = part("generate.running"), part("steps")
    now = [0.0]
    monkeypatch.setattr(steps.time, "perf_counter", lambda: now[0])
    actions, keys = part("scene.actions"), []
    write = actions.write_curves

    def slow(bag, path, values, *rest):
        now[0] += 0.003
        keys[-1].append(values.size)
        write(bag, path, values, *rest)

    monkeypatch.setattr(part("takes.write").actions, "write_curves", slow)
    frames = round((SECONDS - 1 / 15) * 30) + 1
    ended = None
    while not ended:
        keys.append([])
        assert character.animation_data is None, "nothing plays half a take"
        ended = operator.tick()
        time.sleep(0.001)
    assert ended == {"FINISHED"}
    busy = [len(tick) for tick in keys if tick]
    assert max(busy) <= np.ceil(running.WORK_SECONDS / 0.003)
    assert len(busy) > 20
    assert max(size for tick in keys for size in tick) == frames, "a step writes no more than one curve"
    assert [track.mute for track in character.animation_data.nla_tracks] == [True, False]
    assert "New take" in operator.said[-1]
    assert not written()
    assert part("generate.job").running() is None


def test_cancel_halfway_changes_nothing(operator, job, part):
    before = snapshot()
    halfway(operator)
    assert part("generate.job").running() is job
    assert bpy.ops.aqgt.cancel() == {"FINISHED"}
    assert operator.tick() == {"CANCELLED"}
    assert snapshot() == before
    assert operator.said == ["Cancelled: nothing was changed"]
    assert part("generate.job").running() is None


def test_a_file_saved_halfway_holds_no_half_take_and_the_take_still_comes(operator, part, tmp_path):
    path = str(tmp_path / "halfway.blend")
    halfway(operator)
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    with bpy.data.libraries.load(path) as (held, _):
        assert not held.actions
    assert ticks(operator)[0] == {"FINISHED"}
    assert len(bpy.data.actions) == 2


def test_undo_halfway_leaves_no_half_take_and_the_take_still_comes(operator, character):
    name = character.name
    bpy.ops.ed.undo_push(message="before")
    bpy.data.objects.new("Meanwhile", None)
    bpy.ops.ed.undo_push(message="meanwhile")
    halfway(operator)
    bpy.data.objects.new("Later", None)
    bpy.ops.ed.undo_push(message="later")
    bpy.ops.ed.undo()
    assert not bpy.data.actions
    assert ticks(operator)[0] == {"FINISHED"}
    assert len(bpy.data.objects[name].animation_data.nla_tracks) == 2


@pytest.mark.parametrize("what", ["character", "scene", "action"])
def test_what_is_deleted_halfway_is_named_and_nothing_stays(operator, job, character, what):
    scene = bpy.context.scene
    halfway(operator)
    if what == "character":
        bpy.data.objects.remove(character)
    elif what == "scene":
        bpy.context.window.scene = bpy.data.scenes.new("Other") if bpy.context.window else scene
        if len(bpy.data.scenes) == 1:
            bpy.data.scenes.new("Other")
        bpy.data.scenes.remove(scene)
    else:
        bpy.data.actions.remove(next(one for one in bpy.data.actions if one.get("aqgt_preview") is not None))
    assert ticks(operator)[0] == {"CANCELLED"}
    assert "no longer there" in operator.said[-1]
    assert not bpy.data.actions


def test_the_scene_that_is_shown_does_not_matter(operator, job, character):
    other = bpy.data.scenes.new("Other")
    halfway(operator)
    if bpy.context.window:
        bpy.context.window.scene = other
    assert ticks(operator)[0] == {"FINISHED"}
    assert len(character.animation_data.nla_tracks) == 2


def test_loading_a_file_halfway_ends_it_without_a_word(operator, job, part, tmp_path):
    halfway(operator)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert job.cancelled
    assert operator.tick() == {"CANCELLED"}
    assert not bpy.data.actions


def test_windows_are_shown_until_the_take_is_there(operator, job, part, character):
    result, job.result = job.result, None
    gather, armature = part("generate.gather"), part("scene.armature")
    rig = armature.describe(character)
    job.source = part("preview.live").Source(
        part("preview.shown").Shown(job.scene, job.character, 1.0, 15.0),
        job.buffer,
        rig,
        part("retarget.mapping").mapping_of(character, rig),
        gather._options(bpy.context.scene),
    )
    job.buffer.put(0, result.motions[0].bone_vectors[:64])
    bpy.context.scene.aqgt_generate.preview = "CHARACTER"
    for _ in range(30):
        assert operator.tick() == set()
    assert character.animation_data.action.name.startswith("Preview")
    bpy.context.scene.aqgt_generate.preview = "OFF"
    operator.tick()
    assert character.animation_data is None, "it may be switched off meanwhile"
    bpy.context.scene.aqgt_generate.preview = "CHARACTER"
    for _ in range(30):
        operator.tick()
    job.result = result
    assert ticks(operator)[0] == {"FINISHED"}
    assert character.animation_data.action is None
    assert not any(action.name.startswith("Preview") for action in bpy.data.actions)
