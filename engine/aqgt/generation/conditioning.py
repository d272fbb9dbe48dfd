# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request to what the network is conditioned on: words, spans, annotation matrix, sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aqgt import planner
from aqgt.annotations import (
    CHANNEL_BY_KEY,
    CHANNELS,
    EMBEDDING_SIZES,
    NOTHING,
    UNKNOWN,
    AnnotationTrack,
    Span,
    smooth_occurrence,
    spans_to_track,
)
from aqgt.errors import AqgtError
from aqgt.generation.forms import form_rows, unlearned
from aqgt.generation.presets import Preset, preset_of
from aqgt.generation.windows import frames_of
from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest
from aqgt.words import Word

_ENTITY = CHANNEL_BY_KEY["entity"].index
_OCCURRENCE = CHANNEL_BY_KEY["occurrence"].index


@dataclass(frozen=True)
class Conditioning:
    """What one request's variants are made from.

    Attributes:
        audio: `[N]` the sound the network hears.
        words: the words it reads.
        spans: per variant, the user's and the planner's spans.
        tracks: `[V, 17, T]` the annotation matrices, over the whole clip.
        notes: sentences for the user.
        forms: `[V, 2, T]` the gesture forms of both hands, as a model with forms reads them; else None.
        window_preset: changes that are made in each window by itself; None: ``tracks`` are as they are read.
    """

    audio: NDArray[np.float32]
    words: tuple[Word, ...]
    spans: tuple[tuple[Span, ...], ...]
    tracks: NDArray[np.float32]
    notes: tuple[str, ...]
    forms: NDArray[np.float32] | None = None
    window_preset: Preset | None = None

    def window(self, start: int, n_frames: int) -> NDArray[np.float32]:
        """What the network reads in a window that begins at frame ``start``: `[V, 17, n_frames]`."""
        values = frames_of(self.tracks, start, n_frames)
        if self.window_preset is None:
            return values
        return np.stack([self.window_preset.apply(_occurrence_of_window(each)) for each in values])

    def window_forms(self, start: int, n_frames: int) -> dict[str, NDArray[np.float32]]:
        """The same of the forms, `[V, 2, n_frames]` by their name; empty where the model has none."""
        return {} if self.forms is None else {"forms": frames_of(self.forms, start, n_frames)}


def _occurrence_of_window(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A window's matrix `[17, T]` with the occurrence smoothed within it, where anything is known of it."""
    known = values[_OCCURRENCE] >= 0
    changed = values.copy()
    changed[_OCCURRENCE, known] = smooth_occurrence(values[_ENTITY] > 0)[known]
    return changed


def condition(
    request: GenerateRequest,
    n_frames: int,
    fps: float,
    *,
    published: bool = False,
    learned: bool = True,
    forms: Sequence[str] = (),
) -> Conditioning:
    """Plans and writes the annotations of all variants over ``n_frames``; applies the preset last.

    Args:
        published: as the published models were trained: nothing is known of frames without a span, and the
            occurrence is smoothed within each window.
        learned: whether the model was trained on annotations; where not, the planner makes none.
        forms: the gesture forms that the model has learned.

    Raises:
        AqgtError: a span, preset or planner setting is not valid.
    """
    preset = preset_of(request.preset) if request.preset else Preset()
    words = () if preset.text == "none" else request.words
    audio = np.zeros_like(request.audio) if preset.audio == "silence" else request.audio
    notes = []
    if not words:
        notes.append("No transcript: the gestures come from the sound alone.")
    notes += _beyond(request.spans, n_frames / fps)
    notes += _meant(request, learned)
    notes += unlearned(request.spans, forms) if learned else []
    if not learned:
        request = replace(request, annotate="none", fill="none")
    spans, tracks, rows = [], [], []
    for variant in range(request.variants):
        planned = () if request.track is not None else _spans(request, request.seed + variant)
        spans.append(planned)
        unannotated = not planned and request.annotate == "none"
        track = (
            write_track(planned, n_frames, fps, unknown_outside=published or unannotated)
            if request.track is None
            else _given_track(request.track, n_frames, fps)
        )
        tracks.append(track if published else preset.apply(track))
        if forms:
            named = planned if request.track is None else request.spans
            rows.append(form_rows(named, track, tracks[-1], fps, forms))
    return Conditioning(
        audio,
        words,
        tuple(spans),
        np.stack(tracks),
        tuple(notes),
        np.stack(rows) if rows else None,
        preset if published else None,
    )


def _meant(request: GenerateRequest, learned: bool) -> list[str]:
    """What a user should know of annotations that are not there, or that mean nothing."""
    given = bool(request.spans) or request.track is not None
    if not learned:
        return ["This model was trained without annotations; yours mean little to it."] if given else []
    if request.annotate == "none" and not given:
        return ["No annotations: motion without them is weak. Let the planner annotate, or set markers."]
    return []


def _spans(request: GenerateRequest, seed: int) -> tuple[Span, ...]:
    """The user's spans, completed; or the planner's, around or instead of them."""
    own = request.spans
    if own and request.fill == "planner":
        own = tuple(planner.complete(own, words=request.words, seed=seed))
    plans = request.annotate == "around" or (request.annotate == "auto" and not own)
    if not plans:
        return own
    return tuple(
        planner.suggest(
            request.words,
            request.audio,
            duration=len(request.audio) / SAMPLE_RATE,
            density=request.density,
            energy=request.energy,
            handedness=request.handedness,
            seed=seed,
            keep=own,
        )
    )


def _beyond(spans: tuple[Span, ...], duration: float) -> list[str]:
    late = [span.start for span in spans if span.start >= duration]
    if not late:
        return []
    which = "An annotation begins" if len(late) == 1 else f"{len(late)} annotations begin"
    return [f"{which} after the end of the sound at {duration:.1f} s, without effect."]


def _given_track(track: NDArray[np.float32], n_frames: int, fps: float) -> NDArray[np.float32]:
    """A user's matrix over the clip, its values checked: cut, or continued by "unknown"."""
    values = AnnotationTrack(track, fps).values[:, :n_frames]
    for channel, size, row in zip(CHANNELS, EMBEDDING_SIZES, values, strict=True):
        top = max(1, size - 1)
        if not ((row >= UNKNOWN) & (row <= top)).all():
            raise AqgtError(
                f"The annotation matrix holds {row.min():g} to {row.max():g} for {channel.title}.",
                f"Give numbers from -1 to {top}.",
                "bad-track",
            )
    missing = n_frames - values.shape[1]
    return np.pad(values, ((0, 0), (0, missing)), constant_values=UNKNOWN)


def write_track(
    spans: tuple[Span, ...], n_frames: int, fps: float, *, unknown_outside: bool
) -> NDArray[np.float32]:
    """The annotation matrix `[17, T]` of spans, or of none (see `spans_to_track`)."""
    if spans or unknown_outside:
        return spans_to_track(spans, n_frames, fps, unknown_outside=unknown_outside).values
    # Nothing was found worth a gesture: that is "no gesture here", not "no annotation available".
    values = AnnotationTrack.unknown(n_frames, fps).values
    values[[channel.index for channel in CHANNELS if channel.family in ("phase", "phrase")]] = NOTHING
    return values
