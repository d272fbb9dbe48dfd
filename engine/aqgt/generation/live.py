# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion for sound that is still being made: each window as soon as its sound, and a little more, was heard.

Nothing depends on how the sound is cut into chunks. A window reads what it would read of the whole recording,
with three exceptions: the levels of the recording are those of the last seconds (unless a sample of the voice
was given), the planner and the nods know no more than the sound so far, and so does the nearness of entities.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from aqgt import planner
from aqgt.annotations import PREPARATION, RETRACTION, Span
from aqgt.errors import AqgtError
from aqgt.generation.conditioning import write_track
from aqgt.generation.forms import form_rows
from aqgt.generation.idle import NOD_REACH, IdleMotion
from aqgt.generation.live_sound import LiveSound
from aqgt.generation.noise import sampler_of
from aqgt.generation.provenance import RunningHashes, licence_notes, live_provenance
from aqgt.generation.stitching import Lengths, Stitcher
from aqgt.generation.windows import frames_of
from aqgt.models.registry import LoadedModel
from aqgt.protocol.checks import check_live
from aqgt.protocol.messages import (
    SAMPLE_RATE,
    LiveChunk,
    LiveFrames,
    LiveRequest,
    LiveResult,
    LiveStarted,
)
from aqgt.speech.audio import MIN_SECONDS, check_audio
from aqgt.speech.features import CompactFeatures, Levels, levels_of
from aqgt.words import Word, shifted

_SENTENCES = 10.0
"""Seconds of sound that the planner and the nods compare a moment with."""
_MOST_GAIN = 20.0
"""How much unknown sound is raised: a quiet room must not become a voice."""


class LiveMotion:
    """One live motion.

    Args:
        request: what was asked for.
        model: a model of the project's own kind.

    Raises:
        AqgtError: the request is not valid, or the model is a published one.
    """

    def __init__(self, request: LiveRequest, model: LoadedModel) -> None:
        config = model.config
        self._features = _features_of(model)
        check_live(request)
        if request.speaker is not None and request.speaker >= config.speaker.count:
            raise AqgtError(
                f"The model “{model.info.name}” has no speaker {request.speaker}.",
                f"Choose a speaker from 0 to {config.speaker.count - 1}.",
                "bad-speaker",
            )
        if request.speaker is None:
            request = replace(request, speaker=config.speaker.default)
        self.request, self.model = request, model
        self._stride = config.window - config.seed_frames
        # A frame reads the beats of its neighbours, and a spectrum what lies around it.
        self._margin = int(np.ceil(SAMPLE_RATE / config.fps)) + self._features.config.n_fft
        self._sound = LiveSound()
        self._levels = None if request.sample is None else levels_of(check_audio(request.sample))
        self._planner = planner.LivePlanner(
            density=request.density, energy=request.energy, handedness=request.handedness, seed=request.seed
        )
        self._own: list[Span] = []
        self._opened: set[int] = set()
        self._current: list[Span] = []
        self._annotated = False
        self._sampler = sampler_of(config, [request.seed], request.sampling)
        self._rest = model.generator.rest_pose.cpu().numpy()
        self._lengths = Lengths(config.length_table, self._rest)
        self._stitcher = Stitcher(config.seed_frames, self._lengths)
        self._idle = None
        if config.idle_motion and request.idle > 0:
            self._idle = IdleMotion(np.zeros(0, np.float32), (), [request.seed], config.fps, request.idle)
        self._seed = self._normalised(np.repeat(self._rest[None, None], config.seed_frames, axis=1))
        self._window = 0
        self._sent = 0
        self._chunks = 0
        self._hashes = RunningHashes()
        self._seconds = {"features": 0.0, "planning": 0.0, "network": 0.0}

    @property
    def started(self) -> LiveStarted:
        """What the client is told first."""
        config = self.model.config
        return LiveStarted(
            fps=config.fps,
            lengths=np.asarray(config.length_table, dtype=np.float64),
            look_ahead=config.window / config.fps + self._margin / SAMPLE_RATE,
            window_seconds=self._stride / config.fps,
            licence=config.licence,
            notes=licence_notes(config),
        )

    # ------------------------------------------------------------ what comes in

    def feed(self, chunk: LiveChunk) -> None:
        """Take the next piece of sound; `windows` then makes what can be made.

        Raises:
            AqgtError: a chunk is missing, or holds something else than sound.
        """
        if chunk.number != self._chunks:
            raise AqgtError(
                f"Chunk {chunk.number} of the sound came where chunk {self._chunks} was due.",
                "Send every chunk once and in order; open another live job.",
                "chunk-missing",
            )
        if chunk.audio.ndim != 1 or not np.isfinite(chunk.audio).all():
            raise AqgtError(
                f"Chunk {chunk.number} is no mono sound.",
                "Send float32 samples [N] at 16 kHz, all of them finite.",
                "bad-audio",
            )
        self._chunks += 1
        self._sound.add(chunk.audio, chunk.words)
        self._own += sorted(chunk.spans, key=lambda span: span.start)
        self._hashes.add(chunk)

    def windows(self) -> Iterator[LiveFrames]:
        """Make the windows whose sound has been heard; each may take a moment."""
        while self._sound.heard >= self._needed(self._window):
            yield self._advance(self._needed(self._window), None)

    def finish(self, chunks: int) -> Iterator[LiveFrames]:
        """No more sound comes: make the rest.

        Raises:
            AqgtError: chunks are missing, or there was hardly any sound.
        """
        if chunks != self._chunks:
            raise AqgtError(
                f"{self._chunks} chunks have arrived, {chunks} were sent.",
                "Open another live job.",
                "chunk-missing",
            )
        seconds = self._sound.heard / SAMPLE_RATE
        if seconds < MIN_SECONDS:
            raise AqgtError(
                f"The sound lasted {seconds:.2f} s, which is too short.",
                f"Send at least {MIN_SECONDS:g} s.",
                "short-audio",
            )
        yield from self.windows()
        n_frames = max(1, round(seconds * self.model.config.fps))
        while self._sent < n_frames:
            yield self._advance(self._sound.heard, n_frames)

    def result(self) -> LiveResult:
        """How it ended; after `finish`."""
        config = self.model.config
        record = live_provenance(self.request, self.model, self._hashes, self._seconds)
        return LiveResult(self._sent, record, licence_notes(config))

    # ------------------------------------------------------------ one window

    def _needed(self, window: int) -> int:
        """Samples that must have been heard before a window is made."""
        config = self.model.config
        frames = window * self._stride + config.window
        return int(np.ceil(frames * SAMPLE_RATE / config.fps)) + self._margin

    def _advance(self, until: int, n_frames: int | None) -> LiveFrames:
        """The next window, from the samples up to ``until``; with ``n_frames``, near the sound's end."""
        config = self.model.config
        start = self._window * self._stride
        origin = self._sound.forget_before(start / config.fps)
        audio, words = self._sound.since(origin, until)
        began = time.perf_counter()
        labels = self._plan(audio, words, origin, start, n_frames)
        planned = time.perf_counter()
        # Within the sound every frame is whole; the last ones end where the recording's frames end.
        known = n_frames if n_frames is not None else int((until / SAMPLE_RATE) * config.fps)
        clip = self._features.open(
            audio, shifted(words, -origin), known - round(origin * config.fps), self._levels_of(audio)
        )
        heard = clip.windows([start - round(origin * config.fps)])
        features = time.perf_counter()
        vectors = self._run_network(heard, labels)
        self._seconds["planning"] += planned - began
        self._seconds["features"] += features - planned
        self._seconds["network"] += time.perf_counter() - features
        self._stitcher.push(vectors)
        self._window += 1
        last = n_frames is not None and start + config.window >= n_frames
        settled = self._stitcher.result() if last else self._stitcher.settle()
        if n_frames is not None:
            settled = settled[:, : max(0, n_frames - self._sent)]
        if self._idle is not None:
            settled = self._idle.apply(settled, self._sent)
        first, self._sent = self._sent, self._sent + settled.shape[1]
        return LiveFrames(
            start_frame=first,
            bone_vectors=settled[0].astype(np.float32, copy=False),
            heard=self._sound.heard / SAMPLE_RATE,
            spans=self._begun(first / config.fps, self._sent / config.fps),
        )

    def _levels_of(self, audio: NDArray[np.float32]) -> Levels:
        if self._levels is not None:
            return self._levels
        levels = levels_of(audio)
        if levels.gain <= _MOST_GAIN:
            return levels
        loud = None if levels.loud is None else np.float32(levels.loud * _MOST_GAIN / levels.gain)
        return Levels(_MOST_GAIN, loud)

    def _plan(
        self,
        audio: NDArray[np.float32],
        words: Sequence[Word],
        origin: float,
        start: int,
        n_frames: int | None,
    ) -> dict[str, NDArray[np.float32]]:
        """What the network reads of the window that begins at frame ``start``.

        ``annotations`` `[1, 17, window]`, and where the model has gesture forms ``forms`` `[1, 2, window]`.
        """
        config, request = self.model.config, self.request
        made, ends = start / config.fps, (start + config.window) / config.fps
        self._complete(words, ends)
        spans: list[Span] = list(self._own)
        auto = request.annotate == "auto" and config.annotation.learned
        # Pitch takes the most time of all, so that only the last sentences are compared.
        since = max(origin, origin + len(audio) / SAMPLE_RATE - _SENTENCES)
        lately = audio[round((since - origin) * SAMPLE_RATE) :]
        said = [word for word in words if word.start >= since]
        if auto:
            spans += self._planner.plan(lately, said, offset=since, made_until=made, keep=self._own)
        self._current = sorted(spans, key=lambda span: span.start)
        if self._idle is not None:
            self._idle.hear(lately, shifted(said, -since), made + NOD_REACH, offset=since)
        frames = start + config.window if n_frames is None else max(n_frames, 1)
        near_spans = tuple(_moved(span, origin) for span in self._current if _matters(span, origin))
        # Once something is annotated, time without an annotation is time without a gesture.
        self._annotated |= auto or bool(self._own)
        first = round(origin * config.fps)
        track = write_track(near_spans, frames - first, config.fps, unknown_outside=not self._annotated)
        self._own = [span for span in self._own if _matters(span, origin)]
        rows = {"annotations": track}
        if config.annotation.forms:
            rows["forms"] = form_rows(near_spans, track, track, config.fps, config.annotation.forms)
        return {name: frames_of(row[None], start - first, config.window) for name, row in rows.items()}

    def _complete(self, words: Sequence[Word], ends: float) -> None:
        """Fill the user's spans when their time has come, once each."""
        if self.request.fill != "planner":
            return
        for index, span in enumerate(self._own):
            if id(span) not in self._opened and span.start - PREPARATION < ends:
                (self._own[index],) = planner.complete([span], words=words, seed=self.request.seed)
        self._opened = {id(span) for span in self._own if span.start - PREPARATION < ends}

    def _begun(self, first: float, stop: float) -> tuple[Span, ...]:
        return tuple(span for span in self._current if first <= span.start < stop)

    def _run_network(
        self, heard: dict[str, NDArray], labels: dict[str, NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Bone vectors `[1, window, 53, 3]`; the last ones start the next window."""
        generator, n_seed = self.model.generator, self.model.config.seed_frames
        like = generator.pose_mean
        own = {**labels, **self._sampler.draw(labels["annotations"])}
        batch = {
            name: torch.from_numpy(np.ascontiguousarray(array)).to(device=like.device, dtype=like.dtype)
            for name, array in {**heard, **own}.items()
        }
        batch["speaker"] = torch.tensor([self.request.speaker], device=like.device)
        with torch.inference_mode():
            speech = generator.encode_speech(batch)
            step = {"seed": generator.seed_input(self._seed, 1), "speaker": batch["speaker"]}
            output = generator(step, speech).bone_vectors
            full = output.to(torch.promote_types(output.dtype, torch.float32))
            vectors: NDArray[np.float32] = generator.denormalise(full).cpu().numpy()
        self._seed = self._normalised(self._lengths.apply(vectors[:, -n_seed:]))
        return vectors

    def _normalised(self, vectors: NDArray) -> torch.Tensor:
        generator = self.model.generator
        like = generator.pose_mean
        array = torch.from_numpy(np.ascontiguousarray(vectors)).to(device=like.device, dtype=like.dtype)
        return generator.normalise(array)


def _features_of(model: LoadedModel) -> CompactFeatures:
    features = model.features
    if model.config.published is not None or not isinstance(features, CompactFeatures):
        raise AqgtError(
            f"The model “{model.info.name}” cannot be used live.",
            "Its networks read whole windows of the published data's form; choose the model compact.",
            "not-live",
        )
    return features


def _matters(span: Span, origin: float) -> bool:
    """Whether a span may still be seen in frames from ``origin`` on."""
    return span.end is None or span.end + RETRACTION > origin


def _moved(span: Span, origin: float) -> Span:
    """A span on a clock that begins at ``origin``; of one that began before, the rest of its hold."""
    end = None if span.end is None else span.end - origin
    if span.start >= origin:
        return replace(span, start=span.start - origin, end=end)
    hold = {} if span.rest else {"phase": "post.hold"}
    return replace(span, start=0.0, end=end, labels={**span.labels, **hold})
