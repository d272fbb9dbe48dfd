# SPDX-License-Identifier: GPL-3.0-or-later
"""Suggestions of the engine's planner, as gesture markers that the user may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import bpy

from aqgt.annotations import LONGEST_OPEN_SPAN, Span
from aqgt.errors import AqgtError
from aqgt.protocol.messages import GenerateRequest, SuggestRequest, SuggestResult

from ..connection import session
from ..generate.job import Job
from ..speech.said import spoken
from ..speech.source import read_sound
from ..translations import rpt
from . import store
from .addressing import new_address


@dataclass
class SuggestJob(Job):
    """A running suggestion: a job that asks for annotations instead of a motion.

    Attributes:
        duration: length of the sound in seconds.
        address: the character the new annotations speak to alone, or None.
        suggestion: what came back, in seconds from the start of the sound.
    """

    duration: float = 0.0
    address: str | None = None
    suggestion: tuple[Span, ...] | None = None

    @property
    def answered(self) -> bool:
        """Whether there is a suggestion."""
        return self.suggestion is not None

    def _last(self) -> SuggestRequest:
        asked = super()._last()
        self.text = "Suggesting gestures…"
        return SuggestRequest(
            audio=asked.audio,
            words=asked.words,
            keep=asked.spans,
            density=asked.density,
            energy=asked.energy,
            handedness=asked.handedness,
            seed=asked.seed,
        )

    def take(self, answer: object) -> None:
        """The suggestion, or the words before it."""
        if isinstance(answer, SuggestResult):
            self.suggestion = tuple(span for span in answer.spans if span.source == "planner")
        else:
            super().take(answer)


def gather_suggestion(context: bpy.types.Context) -> SuggestJob:
    """Sound, words and what the user has annotated.

    Raises:
        AqgtError: no usable sound or engine; the sentence names the next step.
    """
    scene = context.scene
    sound = read_sound(context)
    character = scene.aqgt_generate.character
    settings = scene.aqgt_annotate
    said = spoken(context, sound)
    job = SuggestJob(
        client=session.client(),
        request=GenerateRequest(
            audio=sound.samples,
            words=said.words,
            density=settings.density,
            energy=settings.energy,
            handedness=settings.handedness,
            seed=settings.seed,
            language=scene.aqgt_speech.language or "en",
        ),
        transcript=said.transcript,
        notes=said.notes,
        scene=scene.name,
        character=character.name if character is not None else "",
        start=sound.start,
        duration=sound.duration,
        address=new_address(scene),
    )
    # What stays is the user's in the planner's eyes, a locked suggestion too.
    kept = tuple(replace(span, source="user") for span in _kept(scene, job))
    job.request = replace(job.request, spans=kept)
    return job


def apply_suggestion(job: SuggestJob) -> tuple[str, list[str]]:
    """Put the suggested markers in the place of the earlier unlocked ones.

    Returns:
        What was done in a sentence, and notes.

    Raises:
        AqgtError: the scene has gone meanwhile; nothing has changed.
    """
    scene: bpy.types.Scene | None = bpy.data.scenes.get(job.scene)
    if scene is None:
        raise AqgtError(f"The scene “{job.scene}” is no longer there.", "Suggest again.", "no-scene")
    store.sync(scene)
    chosen = store.active(scene)
    old = [one for one in store.gesture_markers(scene) if _is_replaced(store.read(scene, one), job)]
    if chosen is not None and any(one == chosen for one in old):
        chosen = None
    kept = _kept(scene, job)
    for marker in old:
        scene.timeline_markers.remove(marker)
    # The user may have annotated more while the engine was thinking.
    spans = [span for span in job.suggestion or () if not _meets(span, kept)]
    for span in spans:
        store.add(scene, store.from_span(span, job.start, job.address))
    store.activate(scene, chosen)
    return rpt(
        "{new} gestures suggested, {old} earlier suggestions replaced", new=len(spans), old=len(old)
    ), []


def _is_replaced(annotation: store.Annotation, job: SuggestJob) -> bool:
    same = store.same_address(annotation.content.character, job.address)
    return same and annotation.suggested and not annotation.locked and _is_heard(annotation.time, job)


def _is_heard(time: float, job: SuggestJob) -> bool:
    return job.start <= time < job.start + job.duration


def _kept(scene: bpy.types.Scene, job: SuggestJob) -> list[Span]:
    """The spans that speak to the character and are not replaced."""
    found = [store.read(scene, marker) for marker in store.gesture_markers(scene)]
    return [
        one.span(job.start)
        for one in found
        if one.problem is None
        and one.speaks_to(job.address or job.character or None)
        and _is_heard(one.time, job)
        and not _is_replaced(one, job)
    ]


def _meets(span: Span, others: Sequence[Span]) -> bool:
    """Whether a span shares a hand and a moment with another."""
    return any(
        set(span.sides) & set(other.sides) and span.start < _end(other) and other.start < _end(span)
        for other in others
    )


def _end(span: Span) -> float:
    return span.start + LONGEST_OPEN_SPAN if span.end is None else span.end
