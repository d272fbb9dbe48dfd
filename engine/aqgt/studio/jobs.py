# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job file may say, and the tasks it expands to. docs/batch.md describes every key."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from aqgt.errors import AqgtError
from aqgt.settings import Settings

MOTION_OUTPUTS = ("npz", "bvh")
CHARACTER_OUTPUTS = ("blend", "fbx", "glb")
OUTPUTS = (*MOTION_OUTPUTS, *CHARACTER_OUTPUTS, "mp4")
CHARACTER_SUFFIXES = (".blend", ".glb", ".gltf", ".vrm", ".fbx")
ENGINES = ("workbench", "eevee", "cycles")

_GLOB = re.compile(r"[*?\[]")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_UNSAFE = re.compile(r"[^\w.-]+")


def _listed(value: Any) -> Any:
    """One value stands for a list of one; in text, `;` and `,` separate."""
    if isinstance(value, str):
        return [part.strip() for part in re.split(r"[;,]", value) if part.strip()]
    return [value] if isinstance(value, int) else value


Strings = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Integers = Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(_listed)]


class RenderSettings(Settings):
    """How a video of a character is rendered."""

    engine: Literal["workbench", "eevee", "cycles"] = "workbench"
    width: int = Field(default=960, ge=16, le=7680, multiple_of=2)
    height: int = Field(default=540, ge=16, le=4320, multiple_of=2)
    samples: int | None = Field(default=None, ge=1, le=65536)
    """Of EEVEE and Cycles; None: 1 with EEVEE, 16 with Cycles."""
    step: int = Field(default=1, ge=1, le=60)
    """Every how many frames of the scene one picture is rendered."""
    first: int | None = None
    """First frame of the scene; None: the scene's own."""
    last: int | None = None
    """Last frame of the scene; None: the scene's own."""
    camera: str | None = None
    """Name of the camera; None: the scene's, or one that is put before the character."""

    @model_validator(mode="after")
    def _in_order(self) -> RenderSettings:
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError(f"the last frame {self.last} lies before the first, {self.first}")
        return self


class Choices(Settings):
    """Every key of a job, none of them needed: what `defaults` in a job file may hold."""

    name: str | None = None
    audio: str | None = None
    text: str | None = None
    transcript: str | None = None
    words: str | None = None
    annotations: str | None = None
    annotate: Literal["auto", "around", "none"] = "auto"
    fill: Literal["planner", "none"] = "planner"
    density: float = Field(default=1.0, ge=0, le=2)
    energy: float = Field(default=1.0, ge=0, le=2)
    handedness: float = Field(default=0.6, ge=0, le=1)
    idle: float = Field(default=1.0, ge=0, le=2)
    presets: Strings = ()
    model: str = "compact"
    speaker: int = Field(default=0, ge=0)
    seeds: Integers = (0,)
    variants: int = Field(default=1, ge=1, le=1000)
    """How many motions per seed, with the seeds after it."""
    language: str = "en"
    character: str | None = None
    armature: str | None = None
    bone_map: str = "auto"
    fps: float = Field(default=30.0, ge=1, le=240)
    """Of the scene a character is imported into; a .blend keeps its own."""
    outputs: Strings = ("npz",)
    render: RenderSettings = RenderSettings()
    timeout: float = Field(default=3600.0, gt=0)
    """Seconds one motion with all its outputs may take."""

    @field_validator("outputs")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wanted = tuple(dict.fromkeys(one.lower().lstrip(".") for one in value))
        unknown = [one for one in wanted if one not in OUTPUTS]
        if unknown or not wanted:
            raise ValueError(f"allowed are {', '.join(OUTPUTS)}")
        return wanted

    @field_validator("character")
    @classmethod
    def _suffix(cls, value: str | None) -> str | None:
        if value is not None and Path(value).suffix.lower() not in CHARACTER_SUFFIXES:
            raise ValueError(f"a character ends in {', '.join(CHARACTER_SUFFIXES)}")
        return value

    @field_validator("seeds")
    @classmethod
    def _some(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value:
            raise ValueError("give at least one seed")
        return value


class Job(Choices):
    """One line of work: a recording or a pattern of recordings, and what becomes of each."""

    audio: str  # type: ignore[assignment]  # here it is needed

    @model_validator(mode="after")
    def _consistent(self) -> Job:
        given = [key for key in ("text", "transcript", "words") if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"“{given[0]}” and “{given[1]}” are both given; give one of them")
        needing = [one for one in self.outputs if one in CHARACTER_OUTPUTS]
        if needing and self.character is None:
            raise ValueError(f"the output “{needing[0]}” needs a “character”")
        for key in ("text", "words", "annotations"):
            unknown = set(_PLACEHOLDER.findall(getattr(self, key) or "")) - {"stem", "folder"}
            if unknown:
                raise ValueError(f"“{key}” may hold {{stem}} and {{folder}}, not {{{unknown.pop()}}}")
        return self


@dataclass(frozen=True)
class JobFile:
    """A job file, read and checked.

    Attributes:
        path: where it lies; relative paths in it start from its folder.
        output: the folder of the results.
        jobs: its jobs, each with its place (``line 12``) for messages.
    """

    path: Path
    output: Path
    jobs: tuple[tuple[str, Job], ...]

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.path.parent


@dataclass(frozen=True)
class Task:
    """One motion and what is made of it: the unit of work, of resuming and of failing.

    Attributes:
        name: unique in the batch; its files are named after it.
        audio: the recording.
        text, words, annotations, character, bone_map: the other inputs, where given.
        preset: one of the job's presets.
        seed: one of the job's seeds.
        job: all settings of the job.
        outputs: kind of output to the file it goes to.
    """

    name: str
    audio: Path
    text: Path | None
    words: Path | None
    annotations: Path | None
    character: Path | None
    bone_map: str
    preset: str | None
    seed: int
    job: Job
    outputs: dict[str, Path] = field(default_factory=dict)

    def inputs(self) -> dict[str, Path]:
        """The files it reads."""
        files = {key: getattr(self, key) for key in ("audio", "text", "words", "annotations", "character")}
        if self.bone_map.endswith(".toml"):
            files["bone_map"] = Path(self.bone_map)
        return {key: path for key, path in files.items() if path is not None}


def expand(file: JobFile) -> list[Task]:
    """The tasks of a job file: every recording × preset × seed, in the file's order.

    A pattern that matches nothing stays one task, which fails with a sentence when it is run.

    Raises:
        AqgtError: two tasks would write the same files; the message names both places.
    """
    tasks: list[Task] = []
    origins: dict[str, str] = {}
    for place, job in file.jobs:
        for task in _tasks(file, job):
            # Case is ignored because some file systems ignore it.
            key = task.name.lower()
            if key in origins:
                raise AqgtError(
                    f"“{file.path}”: the jobs of {origins[key]} and {place} both make “{task.name}”.",
                    "Give one of them a `name`.",
                    "same-name",
                )
            origins[key] = place
            tasks.append(task)
    return tasks


def _tasks(file: JobFile, job: Job) -> list[Task]:
    recordings = _recordings(file.folder, job.audio)
    presets: Sequence[str | None] = job.presets or (None,)
    seeds = list(dict.fromkeys(seed + k for seed in job.seeds for k in range(job.variants)))
    found = []
    for audio in recordings:
        base = audio.stem if job.name is None else job.name
        if job.name is not None and len(recordings) > 1:
            base = f"{job.name}-{audio.stem}"
        for preset in presets:
            for seed in seeds:
                parts = [base]
                parts += [preset] if preset is not None and len(presets) > 1 else []
                parts += [f"seed{seed}"] if len(seeds) > 1 else []
                name = _UNSAFE.sub("_", "-".join(parts)).strip("._") or "job"
                found.append(_task(file, job, name, audio, preset, seed))
    return found


def _task(file: JobFile, job: Job, name: str, audio: Path, preset: str | None, seed: int) -> Task:
    def beside(template: str | None) -> Path | None:
        if template is None:
            return None
        return _at(file.folder, template.replace("{stem}", audio.stem).replace("{folder}", str(audio.parent)))

    bone_map = job.bone_map
    if bone_map.endswith(".toml"):
        bone_map = str(_at(file.folder, bone_map))
    return Task(
        name,
        audio,
        beside(job.text),
        beside(job.words),
        beside(job.annotations),
        None if job.character is None else _at(file.folder, job.character),
        bone_map,
        preset,
        seed,
        job,
        {kind: file.output / f"{name}.{kind}" for kind in job.outputs},
    )


def _recordings(folder: Path, pattern: str) -> list[Path]:
    literal = _at(folder, pattern)
    if not _GLOB.search(pattern) or literal.is_file():
        return [literal]
    root = "" if Path(pattern).is_absolute() else glob.escape(str(folder)) + "/"
    found = sorted(_at(folder, path) for path in glob.glob(root + pattern, recursive=True))
    return [path for path in found if path.is_file()] or [literal]


def _at(folder: Path, path: str) -> Path:
    """A path of the job file, without `..` in it: people read it in messages."""
    return Path(os.path.normpath(folder / path))
