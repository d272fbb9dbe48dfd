# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate Again: the same motion from what the take remembers, whatever the panel says by then."""

from __future__ import annotations

import json
import shutil
import threading
import wave
import zlib
from dataclasses import replace

import bpy
import msgpack
import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.protocol.messages import GenerateRequest
from tests.blender.helpers import refused
from tests.blender.takes import lay, part, settled, untouched, waving

TRANSCRIPT = "And Mr. John Dashwood had then leisure to consider"


@pytest.fixture
def scene(blender, character, voice, engine):
    """A scene in which Generate works."""
    blender.scene.aqgt_speech.transcript = TRANSCRIPT
    return blender.scene


def newest():
    armature = bpy.context.scene.aqgt_generate.character
    return part("takes.provenance").newest_take(armature)


def vectors(action):
    return part("takes.provenance").recall(action).motion.bone_vectors


def forget_settings(scene):
    """Every setting of the panel otherwise than when the take was made."""
    scene.aqgt_generate.seed, scene.aqgt_generate.model = 99, "debug"
    scene.aqgt_generate.annotate = False
    scene.aqgt_speech.transcript, scene.aqgt_speech.strip = "Something else", "Nothing"
    scene.timeline_markers.clear()


def test_the_shipped_model_makes_the_same_motion_after_the_file_was_closed(scene, character, tmp_path):
    scene.aqgt_generate.model, scene.aqgt_generate.seed = "compact", 5
    scene.timeline_markers.new("G: iconic right large", frame=70)
    assert bpy.ops.aqgt.generate() == {"FINISHED"}
    first = newest().name
    forget_settings(scene)
    path = str(tmp_path / "again.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    before = settled()
    assert bpy.ops.aqgt.take_generate_again(action=first) == {"FINISHED"}
    second = newest()
    assert second.name != first
    np.testing.assert_allclose(vectors(second), vectors(bpy.data.actions[first]), rtol=0, atol=1e-6)
    untouched(before, bpy.context.scene.aqgt_generate.character.name, second.name)
    old, new = (part("takes.provenance").recall(one) for one in (bpy.data.actions[first], second))
    assert (old.provenance.inputs, old.provenance.settings) == (
        new.provenance.inputs,
        new.provenance.settings,
    )
    assert (old.words, old.spans, old.start, old.recipe.request.seed) == (
        new.words, new.spans, new.start, new.recipe.request.seed,
    )  # fmt: skip
    assert bpy.ops.aqgt.take_generate_again() == {"FINISHED"}, "what was made again can be made again"


def test_a_moved_trimmed_or_renamed_strip_is_found(scene, character, voice):
    assert bpy.ops.aqgt.generate() == {"FINISHED"}
    first = newest()
    voice.frame_start += 30
    voice.frame_final_duration = 60
    voice.name = "Renamed"
    assert bpy.ops.aqgt.take_generate_again() == {"FINISHED"}
    np.testing.assert_allclose(vectors(newest()), vectors(first), rtol=0, atol=1e-6)
    recall = part("takes.provenance").recall
    assert recall(newest()).start == pytest.approx(recall(first).start + 1.0)


def test_a_file_that_has_changed_or_gone_is_refused(scene, character, checkout, tmp_path):
    path = tmp_path / "voice.wav"
    shutil.copy(checkout / "examples/voice/sense_and_sensibility.wav", path)
    scene.sequence_editor_clear()
    scene.aqgt_speech.source, scene.aqgt_speech.filepath = "FILE", str(path)
    scene.aqgt_speech.transcript = ""
    assert bpy.ops.aqgt.generate() == {"FINISHED"}
    first = newest()
    undo_step(lambda: bpy.ops.aqgt.take_generate_again())
    first = newest()
    sound = bytearray(path.read_bytes())
    sound[50_000:60_000] = bytes(10_000)
    path.write_bytes(sound)
    before = settled()
    assert "is not the one that the take was made from" in refused(bpy.ops.aqgt.take_generate_again)
    path.unlink()
    assert "missing" in refused(bpy.ops.aqgt.take_generate_again)
    assert settled() == before
    assert newest() == first


def test_sounds_are_compared_aside_until_one_is_the_takes(scene, character, voice, tmp_path, monkeypatch):
    scene.aqgt_speech.transcript = ""
    assert bpy.ops.aqgt.generate() == {"FINISHED"}
    first = newest()
    # The strip of that name plays something else; what the take was made from is another one, chosen now.
    other = scene.sequence_editor.strips.new_sound("Other", voice.sound.filepath, 3, 61)
    other.frame_final_duration = 120
    with wave.open(voice.sound.filepath) as heard, wave.open(str(tmp_path / "changed.wav"), "wb") as changed:
        changed.setparams(heard.getparams())
        changed.writeframes(bytes(2 * heard.getnframes()))
    voice.sound = bpy.data.sounds.load(str(tmp_path / "changed.wav"))
    scene.aqgt_speech.strip = "Other"
    sounds, threads = part("takes.again"), []
    compare, find = sounds.check_same, sounds.find_sound

    def unreadable(context, recipe, number=0):
        if number:
            raise OSError("the disk is gone")
        return find(context, recipe)

    with monkeypatch.context() as patched:
        patched.setattr(sounds, "find_sound", unreadable)
        assert "not foreseen" in refused(lambda: bpy.ops.aqgt.take_generate_again(action=first.name))

    def watched(*arguments):
        threads.append(threading.current_thread())
        compare(*arguments)

    monkeypatch.setattr(sounds, "check_same", watched)
    assert bpy.ops.aqgt.take_generate_again(action=first.name) == {"FINISHED"}
    assert len(threads) > 1
    assert threading.main_thread() not in threads
    np.testing.assert_allclose(vectors(newest()), vectors(first), rtol=0, atol=1e-6)
    recall = part("takes.provenance").recall
    assert recall(newest()).start == pytest.approx(recall(first).start + 1.0)


def undo_step(run):
    """It is done in one undo step."""
    bpy.ops.ed.undo_push(message="before")
    before = settled()
    assert run() == {"FINISHED"}
    bpy.ops.ed.undo_push(message="after")
    assert settled() != before
    bpy.ops.ed.undo()
    assert settled() == before


@pytest.mark.parametrize("key", ["model_hash", "engine_version"])
def test_another_model_or_version_is_said_and_needs_a_yes(scene, character, key):
    assert bpy.ops.aqgt.generate() == {"FINISHED"}
    first = newest()
    origin = json.loads(first["aqgt_provenance"])
    first["aqgt_provenance"] = json.dumps({**origin, key: "another"})
    before = settled()
    message = refused(bpy.ops.aqgt.take_generate_again)
    assert "is not the one that made the take" in message or "was made by another" in message
    assert "By Another Model, Too" in message
    assert settled() == before
    assert bpy.ops.aqgt.take_generate_again(other_model=True) == {"FINISHED"}
    assert newest() != first


def test_a_take_without_its_inputs_says_so(scene, character):
    lay(character, 1)
    before = settled()
    with pytest.raises(RuntimeError, match="does not hold what it was made from"):
        bpy.ops.aqgt.take_generate_again()
    assert settled() == before


def test_a_part_made_again_lies_within_the_rest(scene, character, part):
    assert bpy.ops.aqgt.generate() == {"FINISHED"}
    provenance, recipes = part("takes.provenance"), part("takes.recipe")
    whole = provenance.recall(newest())
    again = part("takes.again")
    old = replace(whole, recipe=replace(whole.recipe, part=(10, 30)))
    kept = recipes.unpack(*recipes.pack(old.recipe))
    assert kept.part == (10, 30)
    vectors = np.array(whole.motion.bone_vectors)
    vectors[:] += 1.0
    made = replace(whole, motion=replace(whole.motion, bone_vectors=vectors))
    filled = again.whole(old, made, old.recipe.start + 2.0)
    assert len(filled.motion) == len(whole.motion)
    np.testing.assert_array_equal(filled.motion.bone_vectors[10:30], vectors[:20])
    np.testing.assert_array_equal(filled.motion.bone_vectors[30:], whole.motion.bone_vectors[30:])
    assert filled.start == whole.start + 2.0


def test_a_recipe_outlives_the_protocol(part):
    recipes = part("takes.recipe")
    request = GenerateRequest(np.zeros(0, np.float32), seed=7, preset="calm", before=waving(1))
    sound = recipes.SoundSource("voice", skipped=1.25)
    packed = recipes.pack(recipes.Recipe(request, sound, 0.5))
    frame = msgpack.unpackb(zlib.decompress(packed[0]))
    del frame["body"]["idle"]
    older = zlib.compress(msgpack.packb({**frame, "version": 0}))
    read = recipes.unpack(older, packed[1])
    assert (read.request.seed, read.request.preset, read.request.idle) == (7, "calm", request.idle)
    np.testing.assert_array_equal(read.request.before.bone_vectors, request.before.bone_vectors)
    assert (read.sound, read.start, read.part) == (sound, 0.5, None)
    frame["body"]["invented"] = 1
    with pytest.raises(AqgtError, match="another version"):
        recipes.unpack(zlib.compress(msgpack.packb(frame)), packed[1])


def test_a_take_of_which_a_part_was_made_anew_is_made_again(scene, character):
    assert bpy.ops.aqgt.generate() == {"FINISHED"}
    first = vectors(newest())
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 70, 110
    scene.aqgt_generate.extent, scene.aqgt_generate.seed = "PREVIEW", 8
    assert bpy.ops.aqgt.generate() == {"FINISHED"}
    joined = newest()
    assert np.abs(vectors(joined) - first).max() > 1e-4
    forget_settings(scene)
    scene.aqgt_generate.extent = "WHOLE"
    assert bpy.ops.aqgt.take_generate_again() == {"FINISHED"}
    assert newest() != joined
    np.testing.assert_allclose(vectors(newest()), vectors(joined), rtol=0, atol=1e-6)


def test_two_real_takes_merge_without_a_jerk(scene, character):
    scene.aqgt_generate.model = "compact"
    for seed in (0, 7):
        scene.aqgt_generate.seed = seed
        assert bpy.ops.aqgt.generate() == {"FINISHED"}
    speeds = [speed(one) for one in (newest(), part("takes.provenance").takes_of(character)[1][1])]
    into = part("takes.provenance").takes_of(character)[1][1].name
    assert bpy.ops.aqgt.take_merge(into=into, first=80, last=110) == {"FINISHED"}
    merged = np.linalg.norm(np.diff(vectors(newest()), axis=0), axis=-1).max(axis=-1)
    limit = np.percentile(np.concatenate(speeds), 95)
    start = round(part("takes.provenance").recall(newest()).start * 30)
    assert merged[80 - start - 1] <= limit
    assert merged[110 - start] <= limit


def speed(action):
    """How far the fastest bone moves from each frame of the scene to the next, `[T - 1]`."""
    motion = part("takes.provenance").recall(action).motion
    sampled = motion.sample(np.arange(0, motion.duration - 1 / motion.fps, 1 / 30))
    return np.linalg.norm(np.diff(sampled, axis=0), axis=-1).max(axis=-1)


def test_every_variant_remembers_its_own_seed(scene, character, part):
    generation = part("one_job").generation
    job = part("generate.gather").gather(bpy.context)
    job.request = replace(job.request, variants=2, seed=3)
    generation.run(job)
    while not job.pump():
        pass
    part("takes.apply").apply_result(job)  # the first variant lies on top
    takes = [action for _, action in part("takes.provenance").takes_of(character)]
    assert [part("takes.provenance").recall(one).recipe.request.seed for one in takes] == [3, 4]
    assert bpy.ops.aqgt.take_generate_again(action=takes[0].name) == {"FINISHED"}
    np.testing.assert_allclose(vectors(newest()), vectors(takes[0]), rtol=0, atol=1e-6)
