# SPDX-License-Identifier: GPL-3.0-or-later
"""Does one task: motion, then character, then video. Each worker process has one `Workshop`.

What a stage makes is kept in the batch's state folder under a key of all it depends on, so that a task that
was killed on the way goes on there, and other render settings need no new motion.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.formats.files import read_json, write_text
from aqgt.formats.npz import MotionFile, read_npz, write_npz
from aqgt.protocol.messages import GenerateRequest, GenerateResult
from aqgt.studio import figures, inputs, keys
from aqgt.studio.blender import find_blender, run_job
from aqgt.studio.jobs import Task
from aqgt.studio.journal import Receipt, whole_file, write_receipt
from aqgt.studio.render import render_video
from aqgt.words import Word

OnProgress = Callable[[float, str], None]
"""Takes the finished share of the task, 0 to 1, and what is being done."""

_KEPT_MODELS = 2
_GENERATED, _APPLIED = 0.5, 0.7
"""Shares of a task with a character at which its stages end; only the progress bar sees them."""


@dataclass(frozen=True)
class Conditions:
    """What is the same for all tasks of a batch.

    Attributes:
        state: the batch's state folder.
        blender: the option ``--blender``.
        engine: address of a running engine; None: each worker generates by itself.
        threads: threads of each worker and of the Blender it starts.
        device: auto, cpu, cuda or mps.
    """

    state: Path
    blender: str | None = None
    engine: str | None = None
    threads: int = 1
    device: str = "auto"


class Workshop:
    """Does tasks one after the other and keeps the models it has loaded."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self._models: OrderedDict[str, Any] = OrderedDict()

    def do(self, task: Task, weights: str, progress: OnProgress) -> Receipt:
        """All outputs of a task; its receipt lies in the state folder when this returns.

        Args:
            task: what to do.
            weights: what stands for the model's weights in keys.
            progress: is told the share that is done.

        Raises:
            AqgtError: what is wrong with the task.
        """
        began = time.perf_counter()
        record, motion_file, notes = self._motion(task, weights, progress)
        found = figures.motion_figures(record.motion, record.provenance)
        if "npz" in task.outputs:
            _copy(motion_file, task.outputs["npz"])
        if "bvh" in task.outputs:
            from aqgt.formats.bvh import write_bvh

            task.outputs["bvh"].parent.mkdir(parents=True, exist_ok=True)
            write_bvh(task.outputs["bvh"], record.motion)
        scene = None
        if task.character is not None:
            progress(_GENERATED, "onto the character")
            scene, more, said = self._scene(task, weights, motion_file)
            found |= more
            notes += said
        self._video(task, weights, record, scene, progress)
        strip = self.conditions.state / "thumbnails" / f"{task.name}.jpg"
        if "mp4" in task.outputs:
            figures.video_strip(strip, task.outputs["mp4"])
        else:
            figures.motion_strip(strip, record.motion)
        receipt = Receipt(
            keys.task_key(task, weights),
            {kind: (str(path), path.stat().st_size) for kind, path in task.outputs.items()},
            found,
            tuple(notes),
            round(time.perf_counter() - began, 3),
            str(strip),
        )
        write_receipt(self.conditions.state, receipt)
        if scene is not None:  # last, so that a kill before it leaves the scene to go on with
            shutil.rmtree(scene.parent, ignore_errors=True)
        return receipt

    # ------------------------------------------------------------ motion

    def _motion(self, task: Task, weights: str, progress: OnProgress) -> tuple[MotionFile, Path, list[str]]:
        """The motion, the file it lies in, and sentences for the user."""
        path = self.conditions.state / "motions" / f"{keys.motion_key(task, weights)}.npz"
        if path.is_file():
            return read_npz(path), path, []
        audio = inputs.read_sound(task.audio)
        progress(0.02, "sound read")
        words = self._words(task, audio)
        progress(0.1, "words timed")
        spans = () if task.annotations is None else inputs.read_annotations(task.annotations)
        job = task.job
        request = GenerateRequest(
            audio=audio,
            words=words,
            spans=spans,
            annotate=job.annotate,
            fill=job.fill,
            density=job.density,
            energy=job.energy,
            handedness=job.handedness,
            idle=job.idle,
            preset=task.preset,
            model=job.model,
            speaker=job.speaker,
            seed=task.seed,
            language=job.language,
        )
        end = _GENERATED if task.character is not None else 0.9
        result = self._generate(
            request, lambda share: progress(0.1 + share * (end - 0.1), "generating motion")
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_npz(path, result.motions[0], words, result.spans[0], asdict(result.provenance[0]))
        return read_npz(path), path, list(result.notes)

    def _words(self, task: Task, audio: NDArray[np.float32]) -> tuple[Word, ...]:
        from aqgt.formats.words_json import read_words, write_words

        if task.words is not None:
            return inputs.read_word_list(task.words, inputs.duration(audio), task.job.language)
        transcript = task.job.transcript
        if task.text is not None:
            transcript = inputs.read_transcript(task.text)
        if transcript is None:
            return ()
        digest = hashlib.sha256(audio.tobytes())
        digest.update(f"{task.job.language}\n{transcript}".encode())
        # Aligned once for all presets and seeds of a recording.
        path = self.conditions.state / "words" / f"{digest.hexdigest()}.json"
        if path.is_file():
            return tuple(read_words(path))
        words = inputs.align_transcript(audio, transcript, task.job.language)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_words(path, words)
        return words

    def _generate(self, request: GenerateRequest, advance: Callable[[float], None]) -> GenerateResult:
        if self.conditions.engine is not None:
            from aqgt.protocol.client import EngineClient

            with EngineClient(self.conditions.engine, name="aqgt batch") as client:
                return client.generate(request, lambda made: advance(made.window / made.windows))
        from aqgt.generation import generate
        from aqgt.service.checks import check_request
        from aqgt.service.config import read_engine_config

        check_request(request, read_engine_config().limits)
        model = self._model(request.model)
        return generate(request, model, on_progress=lambda made: advance(made.window / made.windows))

    def _model(self, name: str) -> Any:
        from aqgt.models.registry import load_model
        from aqgt.service.backend import choose_device

        if name not in self._models:
            self._models[name] = load_model(name, device=choose_device(self.conditions.device))
        self._models.move_to_end(name)
        while len(self._models) > _KEPT_MODELS:
            self._models.popitem(last=False)
        return self._models[name]

    # ------------------------------------------------------------ character

    def _scene(self, task: Task, weights: str, motion: Path) -> tuple[Path, dict[str, Any], list[str]]:
        """The .blend, figures of the retargeting, and sentences for the user."""
        scene = self.conditions.state / "scenes" / keys.task_key(task, weights) / "scene.blend"
        note = scene.with_suffix(".json")
        exports = {kind: path for kind, path in task.outputs.items() if kind in ("fbx", "glb")}
        if not (scene.is_file() and note.is_file()) or any(not path.is_file() for path in exports.values()):
            scene.parent.mkdir(parents=True, exist_ok=True)
            job = {
                "kind": "apply",
                "motion": str(motion.absolute()),
                "character": str(inputs.require_file(task.character or Path(), "character").absolute()),
                "armature": task.job.armature,
                "bone_map": task.bone_map,
                "fps": task.job.fps,
                "audio": str(task.audio.absolute()),
                "blend": str(scene.absolute()),
                "exports": {kind: str(path) for kind, path in exports.items()},
            }
            done = run_job(find_blender(self.conditions.blender), job)
            write_text(note, _json(done))
        done = read_json(note)
        if "blend" in task.outputs:
            _copy(scene, task.outputs["blend"])
        return scene, done["figures"], done["notes"]

    def _video(
        self, task: Task, weights: str, record: MotionFile, scene: Path | None, progress: OnProgress
    ) -> None:
        if "mp4" not in task.outputs:
            return
        target = task.outputs["mp4"]
        target.parent.mkdir(parents=True, exist_ok=True)
        if scene is None:
            from aqgt.preview import write_preview

            audio = inputs.read_sound(task.audio)
            write_preview(
                target,
                record.motion,
                audio,
                words=record.words,
                spans=record.spans,
                progress=lambda share: progress(0.9 + 0.1 * share, "drawing"),
            )
            return
        render_video(
            find_blender(self.conditions.blender),
            scene,
            target,
            task.job.render,
            work=self.conditions.state / "frames" / keys.task_key(task, weights),
            # Frames gain more from a second process than from a second thread.
            processes=max(1, self.conditions.threads // 2),
            threads=min(2, self.conditions.threads),
            on_frames=lambda done, total: progress(
                _APPLIED + (1 - _APPLIED) * done / total, f"frame {done} of {total}"
            ),
        )


def _copy(source: Path, target: Path) -> None:
    with whole_file(target) as unfinished:
        shutil.copyfile(source, unfinished)


def _json(value: Any) -> str:
    from aqgt.formats.files import dump_json

    return dump_json(value)
