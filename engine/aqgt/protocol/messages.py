# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages between client and engine, shared by command line, extension, batch and tests.

Times are seconds from the start of the audio. Arrays travel as raw bytes with dtype and shape (see `wire`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import Span
from aqgt.motion import Motion
from aqgt.protocol.live_messages import (  # noqa: F401 - whoever reads messages finds all of them here
    LIVE_LOOK_AHEAD,
    LiveChunk,
    LiveEnd,
    LiveFrames,
    LiveRequest,
    LiveResult,
    LiveStarted,
)
from aqgt.protocol.provenance import Provenance
from aqgt.words import Word

PROTOCOL_VERSION = 2
SAMPLE_RATE = 16_000
ANNOTATE = ("auto", "around", "none")
"""What `GenerateRequest.annotate` may be."""
FILL = ("planner", "none")
"""What `GenerateRequest.fill` may be."""
SAMPLING = ("seeded", "off")
"""What `GenerateRequest.sampling` may be."""


@dataclass(frozen=True)
class GenerateRequest:
    """Everything that determines a motion. Same model, request and seed: same motion."""

    audio: NDArray[np.float32]
    """Mono PCM at 16 kHz, `[N]`, float32 in [-1, 1]."""
    words: tuple[Word, ...] = ()
    """Timed words; empty: gestures come from the sound alone."""
    spans: tuple[Span, ...] = ()
    """Annotations of the user; they always win over the planner's."""
    annotate: str = "auto"
    """``"auto"``: the planner annotates a clip without spans, and one with spans gestures only there;
    ``"around"``: the planner also annotates the time between spans; ``"none"``: it annotates nothing."""
    fill: str = "planner"
    """Channels not named inside a span: ``"planner"`` fills what is plausible, ``"none"`` leaves -1."""
    density: float = 1.0
    """How many gestures the planner suggests, relative to its default; 0 to 2."""
    energy: float = 1.0
    """How large the planner's gestures are, relative to its default; 0 to 2."""
    handedness: float = 0.6
    """Share of the planner's one-handed gestures that go to the right hand; 0 to 1."""
    track: NDArray[np.float32] | None = None
    """Annotation matrix `[17, T]` at the model's frame rate, instead of spans and planner; ``spans`` given
    beside it name gesture forms alone (see `aqgt.gesture_forms`), which have no row in the matrix."""
    idle: float = 1.0
    """Strength of breathing, sway and nods, which rules add where the model asks for them; 0 to 2."""
    preset: str | Mapping[str, Any] | None = None
    """Annotation preset, applied after everything else: the name of one in configs/presets, or one of your
    own by the keys of such a file (title, text, audio, rules)."""
    model: str = "compact"
    """Name of a model in the engine's registry."""
    speaker: int | None = None
    """Speaker identity of the model, see `Hello.models`; None: the one the model's config names."""
    seed: int = 0
    """Seed of everything random."""
    sampling: str = "seeded"
    """Style and labels stand for distributions: ``"seeded"`` draws from them, ``"off"`` takes their means."""
    variants: int = 1
    """How many motions to make, with the seeds seed, seed + 1, …"""
    language: str = "en"
    """BCP-47 code of what is said."""
    seed_pose: Motion | None = None
    """Pose to start from (its last 4 frames at the model's rate); None: the rest pose; a published
    model then begins as it likes."""
    start: float = 0.0
    """Start of the range to generate, in seconds."""
    end: float | None = None
    """End of the range to generate; None: the end of the audio."""
    before: Motion | None = None
    """Motion that ends where the range starts; the result continues it."""
    after: Motion | None = None
    """Motion that begins where the range ends; the result becomes it within a second after the range."""
    deterministic: bool = False
    """Whether an engine runs the job by itself. Else it may share its windows with jobs of others, and then
    equals the motion made alone but for rounding (≤ 1e-5 with models that an engine batches)."""
    head: bool = True
    """Whether the head moves; else it is held at rest, and everything else is as it would be."""


@dataclass(frozen=True)
class GenerateResult:
    """One motion per variant, with what the model read."""

    motions: tuple[Motion, ...]
    """One motion per variant, at the model's frame rate, from `GenerateRequest.start` to the range's end;
    with `GenerateRequest.after`, up to a second longer."""
    spans: tuple[tuple[Span, ...], ...]
    """Per variant, the spans that were used (the user's and the planner's)."""
    tracks: tuple[NDArray[np.float32], ...]
    """Per variant, the annotation matrix `[17, T]` the network read."""
    provenance: tuple[Provenance, ...]
    """Per variant, where it comes from."""
    notes: tuple[str, ...] = ()
    """Sentences the user should read, e.g. that no transcript was given."""


@dataclass(frozen=True)
class Progress:
    """One finished window; of aligning and transcribing, one finished part, which has no frames."""

    window: int
    """Number of the finished window, from 1; of the finished part, from 0."""
    windows: int
    """Windows in all, over all variants; parts in all."""
    variant: int
    """Which variant it belongs to, from 0."""
    start_frame: int
    """First frame of the new part."""
    bone_vectors: NDArray[np.float32]
    """The new frames `[t, 53, 3]`; the last 4 may still change when the next window is blended in."""

    @classmethod
    def share(cls, done: float) -> Progress:
        """The progress of a job without frames: the share that is done, 0 to 1, in hundredths."""
        part = round(100 * min(1.0, max(0.0, done)))
        return cls(part, 100, 0, 0, np.empty((0, 53, 3), np.float32))


@dataclass(frozen=True)
class ModelInfo:
    """What an engine says of one of its models."""

    name: str
    title: str
    fps: float
    licence: str
    commercial_use: bool
    speakers: int
    lengths: NDArray[np.float64]
    """Length table `[53]` of its motions."""
    card: str = ""
    """The model's card: what it is, what it was trained on, what it is not."""
    forms: tuple[str, ...] = ()
    """The gesture forms it has learned; a span's ``form`` chooses its other labels in any case."""
    speaker_names: tuple[str, ...] = ()
    """Names of the speakers, in their order; empty where they have none."""


@dataclass(frozen=True)
class Hello:
    """The engine's answer to a client's greeting."""

    protocol: int
    engine_version: str
    device: str
    models: tuple[ModelInfo, ...]
    max_seconds: float
    """Longest audio the engine accepts."""
    max_variants: int
    annotation_vocabulary: Mapping[str, Any] = field(default_factory=dict)
    """family -> list of label names; ``form`` -> list of gesture forms, of which each model knows its own."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """All limits of a request, by their names in the engine's configuration; ``live_look_ahead``: the seconds
    of sound that live motion waits for at most (see `LiveRequest`); and under ``transcription`` a map:
    ``models``, the names of those it can transcribe with, and where there are none ``reason``, why."""


@dataclass(frozen=True)
class EngineError:
    """An error as it travels: a code for programs, a sentence and a next step for people."""

    code: str
    sentence: str
    next_step: str = ""


@dataclass(frozen=True)
class AlignRequest:
    """When is each word of a known text said?"""

    audio: NDArray[np.float32]
    """Mono PCM at 16 kHz, `[N]`, float32 in [-1, 1]."""
    text: str
    """What is said."""
    language: str = "en"
    """BCP-47 code of what is said."""


@dataclass(frozen=True)
class AlignResult:
    """The timed words of a text."""

    words: tuple[Word, ...]
    """In order of time; words whose times were not measured are marked estimated."""
    notes: tuple[str, ...] = ()
    """Sentences the user should read."""


@dataclass(frozen=True)
class TranscribeRequest:
    """What is said, and when?"""

    audio: NDArray[np.float32]
    """Mono PCM at 16 kHz, `[N]`, float32 in [-1, 1]."""
    language: str | None = None
    """BCP-47 code of what is said; None: the engine finds out."""
    model: str | None = None
    """One of the models that `Hello.limits` names under ``transcription``; None: the first."""


@dataclass(frozen=True)
class TranscribeResult:
    """What was heard."""

    words: tuple[Word, ...]
    """In order of time; words whose times were not measured are marked estimated."""
    language: str
    """BCP-47 code of what is said."""
    model: str
    """Name of the model that heard it."""
    notes: tuple[str, ...] = ()
    """Sentences the user should read."""


@dataclass(frozen=True)
class SuggestRequest:
    """Which gestures fit this speech? The planner's own fields mean what they mean in `GenerateRequest`."""

    audio: NDArray[np.float32]
    """Mono PCM at 16 kHz, `[N]`, float32 in [-1, 1]."""
    words: tuple[Word, ...] = ()
    """Timed words; empty: suggestions follow the sound alone."""
    keep: tuple[Span, ...] = ()
    """Spans that stay; nothing is suggested over them."""
    density: float = 1.0
    energy: float = 1.0
    handedness: float = 0.6
    seed: int = 0


@dataclass(frozen=True)
class SuggestResult:
    """What the planner suggests, all channels filled."""

    spans: tuple[Span, ...]
    """In order of time."""


@dataclass(frozen=True)
class HelloRequest:
    """A client's greeting; answered by `Hello`."""

    client: str = ""
    """Who asks, for the engine's log, e.g. ``"aqgt 0.1.0"``."""


@dataclass(frozen=True)
class ModelsRequest:
    """Which models are there? Answered by `Models`."""


@dataclass(frozen=True)
class Models:
    """The models of an engine."""

    models: tuple[ModelInfo, ...]


@dataclass(frozen=True)
class VocabularyRequest:
    """What may an annotation say? Answered by `Vocabulary`."""


@dataclass(frozen=True)
class Vocabulary:
    """The annotation vocabulary."""

    families: Mapping[str, Any]
    """family -> list of label names, in the order of the stored values."""


@dataclass(frozen=True)
class StatusRequest:
    """How busy is the engine? Answered by `EngineStatus`."""


@dataclass(frozen=True)
class WorkerStatus:
    """One worker process."""

    number: int
    state: str
    """``"starting"``, ``"idle"``, ``"busy"``, or ``"waiting"``: it died and is started again in a moment."""
    device: str = ""
    jobs: int = 0
    """Jobs that it works on now."""
    restarts: int = 0
    """How often it had to be started again."""
    memory_mib: float | None = None
    """Memory of the process; None where the system does not tell."""
    models: tuple[str, ...] = ()
    """Models that it holds in memory."""


@dataclass(frozen=True)
class EngineStatus:
    """How busy the engine is."""

    running: int
    """Jobs at work."""
    queued: int
    """Jobs that wait."""
    finished: int
    """Jobs that ended since the start, well or badly."""
    uptime: float
    """Seconds since the engine started."""
    failed: int = 0
    """Of the finished ones, those that ended with an error."""
    cancelled: int = 0
    """Of the finished ones, those that were given up."""
    clients: int = 0
    """Clients that were heard lately."""
    stopping: bool = False
    """Whether it takes no more jobs because it is about to end."""
    kept_results: int = 0
    """Results that wait for their client to come back."""
    jobs_per_minute: float = 0.0
    """Jobs that ended well within the last minute."""
    sound_per_minute: float = 0.0
    """Seconds of sound of those jobs."""
    memory_mib: float | None = None
    """Memory of the process that talks to clients; None where the system does not tell."""
    workers: tuple[WorkerStatus, ...] = ()


@dataclass(frozen=True)
class Accepted:
    """The job is in the queue; sent again whenever its position changes."""

    position: int
    """Jobs ahead of it; 0: it is being worked on."""


@dataclass(frozen=True)
class Attach:
    """I am back, and wait for this job: answered by `Accepted` or by its result, which the engine keeps for a
    while; by `EngineError` ``unknown-job`` where the engine does not know it (any more)."""


@dataclass(frozen=True)
class Received:
    """The job's result has arrived and need not be kept; not answered."""


@dataclass(frozen=True)
class Cancel:
    """Give this job up; answered by `Cancelled`, also where the engine does not know the job any more."""


@dataclass(frozen=True)
class Cancelled:
    """The job was given up; nothing more comes of it."""


@dataclass(frozen=True)
class Heartbeat:
    """I am alive. The engine answers each one of a client with one of its own."""
