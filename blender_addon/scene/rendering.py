# SPDX-License-Identifier: GPL-3.0-or-later
"""Render settings whose names differ between Blender's versions; frames and sound of a scene as files."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import bpy
import numpy as np

from aqgt.protocol.messages import SAMPLE_RATE

from .context import frames_per_second, seconds
from .sound import read_strip, sound_strips

_EEVEE = ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT")


def set_engine(scene: bpy.types.Scene, engine: str, samples: int) -> None:
    """Choose ``workbench``, ``eevee`` or ``cycles``, the last two with so many samples."""
    if engine == "workbench":
        scene.render.engine = "BLENDER_WORKBENCH"
    elif engine == "cycles":
        scene.render.engine = "CYCLES"
        scene.cycles.samples = samples
    else:
        for name in _EEVEE:  # 4.5 knows only the second, 5.0 only the first
            try:
                scene.render.engine = name
            except TypeError:
                continue
            break
        scene.eevee.taa_render_samples = samples


def render_frame(scene: bpy.types.Scene, frame: int, target: Path) -> None:
    """Render one frame to a PNG that appears whole or not at all."""
    scene.frame_set(frame)
    unfinished = target.with_name(f".{target.stem}.{os.getpid()}.png")
    scene.render.filepath = str(unfinished)
    bpy.ops.render.render(write_still=True)
    os.replace(unfinished, target)


def prepare_pictures(scene: bpy.types.Scene, width: int, height: int) -> None:
    """Pictures of that size as PNG, without what the sequencer or the compositor would add."""
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.use_sequencer = False  # it holds the sound; its pictures are not the scene's
    render.use_file_extension = True
    render.use_overwrite = True
    settings = render.image_settings
    if hasattr(settings, "media_type"):  # 5.0 asks for the kind of file first
        settings.media_type = "IMAGE"
    settings.file_format = "PNG"
    settings.color_mode = "RGB"
    settings.compression = 10


def write_sound(scene: bpy.types.Scene, first: int, last: int, target: Path) -> bool:
    """The sound of a range of frames as WAV; False where the scene has none that is heard."""
    if not any(not strip.mute for strip in sound_strips(scene)):
        return False
    kept = scene.frame_start, scene.frame_end
    scene.frame_start, scene.frame_end = first, last
    try:
        with bpy.context.temp_override(scene=scene):
            bpy.ops.sound.mixdown(
                filepath=str(target), container="WAV", codec="PCM", format="S16", mixrate=48_000
            )
    finally:
        scene.frame_start, scene.frame_end = kept
    if not target.is_file():  # some distributions build Blender without its mixer
        _write_wav(target, _strips_summed(scene, first, last))
    return True


def _strips_summed(scene: bpy.types.Scene, first: int, last: int) -> np.ndarray:
    start = seconds(scene, first)
    total = np.zeros(round((last - first + 1) / frames_per_second(scene) * SAMPLE_RATE), dtype=np.float32)
    for strip in sound_strips(scene):
        if strip.mute:
            continue
        sound = read_strip(scene, strip)
        offset = round((sound.start - start) * SAMPLE_RATE)
        low, high = max(offset, 0), min(offset + len(sound.samples), len(total))
        if high > low:
            total[low:high] += sound.samples[low - offset : high - offset]
    return total


def _write_wav(target: Path, samples: np.ndarray) -> None:
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
