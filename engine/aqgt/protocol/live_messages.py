# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of live jobs, whose sound comes while their motion is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import Span
from aqgt.protocol.provenance import Provenance
from aqgt.words import Word

LIVE_LOOK_AHEAD = 2.4
"""Seconds of sound that live motion waits for at most; `LiveStarted.look_ahead` has a model's own number."""


@dataclass(frozen=True)
class LiveRequest:
    """Open a job whose sound comes while it is made. Answered by `Accepted`, then by `LiveStarted`; the sound
    follows in `LiveChunk`s of the same job, the motion comes back in `LiveFrames`, and `LiveEnd` ends it.

    Motion is made window by window, each from about two seconds of sound beyond what is finished: a frame
    comes back 2.4 s after the sound of its own moment at the latest, and 0.4 s after it at the earliest, plus
    the time that the engine needs (`LiveStarted.look_ahead` has the exact number). Fields mean what they mean
    in `GenerateRequest`."""

    model: str = "compact"
    """Name of a model of the engine; published models can't be used live."""
    speaker: int | None = None
    seed: int = 0
    annotate: str = "auto"
    """``"auto"``: the planner chooses gestures by what it has heard so far, around the given spans;
    ``"none"``: only the spans count."""
    fill: str = "planner"
    density: float = 1.0
    energy: float = 1.0
    handedness: float = 0.6
    idle: float = 1.0
    sampling: str = "seeded"
    language: str = "en"
    """BCP-47 code of what is said."""
    sample: NDArray[np.float32] | None = None
    """Some seconds of the same voice and microphone, `[N]`: the loudness is measured on it. None: on the last
    twenty seconds that were heard, so that the first words may be taken for louder or softer."""


@dataclass(frozen=True)
class LiveStarted:
    """A live job is ready for sound."""

    fps: float
    """Frames per second of the motion."""
    lengths: NDArray[np.float64]
    """Length table `[53]` of the motion."""
    look_ahead: float
    """Seconds of sound that must be heard beyond a window's first frame before the window is made. Who plays
    sound and motion together delays the sound by this and the time that the engine needs."""
    window_seconds: float
    """Seconds of motion that each window adds."""
    licence: str = ""
    """Licence of the model's weights."""
    notes: tuple[str, ...] = ()
    """Sentences the user should read."""


@dataclass(frozen=True)
class LiveChunk:
    """The next piece of sound of a live job, and what is known of it. Not answered; silence is sent, too."""

    number: int
    """0, 1, 2, …: a missing one ends the job with an error."""
    audio: NDArray[np.float32]
    """Mono PCM at 16 kHz, `[N]`, float32 in [-1, 1]; may be empty where only words or spans are added."""
    words: tuple[Word, ...] = ()
    """Words, timed from the beginning of the job; at best as early as they are known. Those that come after
    the motion of their time was made have no effect."""
    spans: tuple[Span, ...] = ()
    """Annotations of the user, timed alike."""


@dataclass(frozen=True)
class LiveEnd:
    """No more sound comes for the live job: answered by its last `LiveFrames` and `LiveResult`."""

    chunks: int
    """How many chunks were sent in all."""


@dataclass(frozen=True)
class LiveFrames:
    """The next frames of a live motion; none of them changes any more."""

    start_frame: int
    """First frame, counted from the beginning of the job."""
    bone_vectors: NDArray[np.float32]
    """Bone vectors `[t, 53, 3]`."""
    heard: float
    """Seconds of sound that have arrived."""
    spans: tuple[Span, ...] = ()
    """The gestures that begin in these frames; the end of one may still change."""


@dataclass(frozen=True)
class LiveResult:
    """A live job has ended; all its frames have been sent."""

    frames: int
    """Frames in all."""
    provenance: Provenance
    """Where the motion comes from; the hashes are those of all sound, words and spans together."""
    notes: tuple[str, ...] = ()
    """Sentences the user should read."""
