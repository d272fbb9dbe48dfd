# SPDX-License-Identifier: GPL-3.0-or-later
"""Composes a corpus: recorded gestures placed on synthesised speech where the planner wants them.

Motion, words, sound and annotations of every clip fit together, but nobody ever moved like this while saying
it: the corpus is composed, and a model trained on it must say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from aqgt import skeleton
from aqgt.annotation_track import smooth_occurrence
from aqgt.annotations import CHANNEL_BY_KEY, NOTHING, AnnotationTrack
from aqgt.annotations import FAMILIES as LABELS
from aqgt.errors import AqgtError
from aqgt.gesture_forms import gesture_forms
from aqgt.planner.candidates import describe, word_stress
from aqgt.planner.forms import HAND_FAMILIES
from aqgt.planner.planning import plan_gestures
from aqgt.planner.sound import Sound, hear
from aqgt.words import Word
from aqgt_training.corpora.clip_lmdb import FPS, SAMPLE_RATE, ClipRecord
from aqgt_training.corpora.compose_config import ComposeConfig, SoundEffects
from aqgt_training.corpora.form_labels import form_of, measure_hand, wrist_path
from aqgt_training.corpora.form_names import form_name, forms_of_clip
from aqgt_training.corpora.gesture_clips import (
    GestureClip,
    held_out,
    performers_held_out,
    read_gesture_clips,
)
from aqgt_training.corpora.limbs import SIDES
from aqgt_training.corpora.placing import Performance, Timeline, perform
from aqgt_training.corpora.plan_to_clips import ClipPool, place
from aqgt_training.corpora.recordings import Recording
from aqgt_training.corpora.sound_effects import Heard
from aqgt_training.corpora.speakers import Speaker, make_speakers
from aqgt_training.corpora.utterances import Utterance, Utterances
from aqgt_training.corpora.variation import Variation, variation


def clips_held_out(clips: Sequence[GestureClip], config: ComposeConfig) -> frozenset[str]:
    """Names of the clips that validation keeps to itself.

    Raises:
        AqgtError: a performer to be held out is not there, or nothing would be left to train on.
    """
    if config.hold_out_by == "gesture":
        bases = held_out(clips, config.hold_out, config.seed)
        return frozenset(clip.name for clip in clips if clip.base in bases)
    performers = config.performers or performers_held_out(clips, config.hold_out, config.seed)
    there = {clip.performer for clip in clips}
    if not set(performers) < there:
        raise AqgtError(
            f"The performers {', '.join(performers)} can't be held out.",
            f"Name some, but not all, of these: {', '.join(sorted(there))}.",
            "bad-config",
        )
    return frozenset(clip.name for clip in clips if clip.performer in performers)


def forms_of_training(config: ComposeConfig) -> tuple[str, ...]:
    """The gesture forms that the training part of a corpus can show, in the order of their numbers."""
    clips = read_gesture_clips(config.gestures)
    held = clips_held_out(clips, config)
    shown = {form for clip in clips if clip.name not in held for form in forms_of_clip(clip).values()}
    return tuple(name for name in gesture_forms() if name in shown)


class Composer:
    """Makes clips one by one; the same configuration and number give the same clip."""

    def __init__(self, config: ComposeConfig) -> None:
        self.config = config
        clips = read_gesture_clips(config.gestures)
        held = clips_held_out(clips, config)
        self._clips: dict[str, list[GestureClip]] = {
            "train": [clip for clip in clips if clip.name not in held],
            "val": [clip for clip in clips if clip.name in held],
        }
        self._pools = {split: ClipPool(mine) for split, mine in self._clips.items()}
        self._vary = {
            split: variation(mine, config.other_hands, config.fit_extent)
            for split, mine in self._clips.items()
        }
        self.speakers = make_speakers(clips, config.speakers, config.seed)
        self._utterances = Utterances(config)

    def held_out(self) -> list[str]:
        """What of the gestures the training never sees: names, or performers."""
        by_name = self.config.hold_out_by == "gesture"
        return sorted({clip.base if by_name else clip.performer for clip in self._clips["val"]})

    def clips(self, split: str, seconds: float, *, first: int = 0, done: float = 0.0) -> Iterator[ClipRecord]:
        """Clips of a split from number ``first`` on, until with ``done`` seconds before it they add up."""
        total, number = done, first
        while total < seconds:
            clip = self.compose(split, number)
            total, number = total + clip.duration, number + 1
            yield clip

    def document_names(self, split: str) -> list[str]:
        """Names of the documents that a split speaks."""
        return self._utterances.document_names(split)

    def compose(self, split: str, number: int) -> ClipRecord:
        """Clip ``number`` of a split."""
        random = np.random.default_rng([0x636F6D70, self.config.seed, number, split == "val"])
        speaker = self.speakers[int(random.integers(len(self.speakers)))]
        utterance = self._utterances.speak(split, speaker, random)
        return self._composed(f"{split}-{number:05d}", split, utterance, speaker, random)

    def replay(self, recordings: Sequence[Recording], split: str, number: int) -> ClipRecord:
        """Clip ``number`` of recorded sentences, with the gestures of a split."""
        random = np.random.default_rng([0x72706C79, self.config.seed, number])
        speaker = self.speakers[int(random.integers(len(self.speakers)))]
        low, high = self.config.words_per_clip
        utterance = self._utterances.replay(recordings, int(random.integers(low, high + 1)), random)
        name = f"{recordings[0].name.partition('/')[0]}-{number:02d}"
        return self._composed(name, split, utterance, speaker, random)

    def _composed(
        self, name: str, split: str, utterance: Utterance, speaker: Speaker, random: np.random.Generator
    ) -> ClipRecord:
        # A pool of its own per clip keeps clips independent of the order they are made in.
        pool = self._pools[split].fresh()
        return compose_clip(
            name, split, utterance, speaker, pool, random, self.config.sound, self._vary[split]
        )


def compose_clip(
    name: str,
    split: str,
    utterance: Utterance,
    speaker: Speaker,
    pool: ClipPool,
    random: np.random.Generator,
    effects: SoundEffects,
    vary: Variation,
) -> ClipRecord:
    """One clip: plan, place, perform, measure."""
    audio = utterance.samples.astype(np.float32) / 32768.0
    duration = len(audio) / SAMPLE_RATE
    n_frames = int(duration * FPS)
    sound = hear(audio, utterance.words, duration)
    planned = plan_gestures(
        utterance.words,
        audio,
        sound=sound,
        density=speaker.density * float(random.uniform(0.75, 1.2)),
        energy=float(np.clip(random.normal(1.0, 0.15), 0.6, 1.4)),
        handedness=speaker.handedness,
        seed=int(random.integers(1 << 31)),
    )
    heard = Heard(sound, effects)
    placed = place(planned, pool, speaker, random, heard, vary)
    accents = heard.accented(_accents(utterance, sound, random))
    nods = heard.nods(accents, random)
    performance = perform(speaker, placed, accents, nods, n_frames, FPS, random)
    vectors = performance.bone_vectors()
    track, gestures = annotate(performance, speaker, utterance.words)
    return ClipRecord(
        name=name,
        bone_vectors=vectors.astype(np.float16),
        lengths=skeleton.HUMAN_LENGTHS,
        audio=utterance.samples[: int(n_frames / FPS * SAMPLE_RATE)],
        words=[word for word in utterance.words if word.end <= n_frames / FPS],
        annotations=track.values,
        split=split,
        speaker=speaker.number,
        meta={
            "composed": True,
            "source": utterance.source,
            "voice": utterance.voice or speaker.voice,
            "gestures": gestures,
            "nods": [round(second, 3) for second in performance.nods],
        },
    )


def annotate(
    performance: Performance, speaker: Speaker, words: Sequence[Word]
) -> tuple[AnnotationTrack, list[dict[str, Any]]]:
    """The 17 channels as measured on the motion, and the gestures with their labels for the record's meta.

    Outside gestures phase and phrase are 0 and the rest −1, as for spans at generation.
    """
    n_frames, fps = len(performance.directions), performance.fps
    positions = skeleton.positions_from_bone_vectors(performance.bone_vectors())
    rest = skeleton.positions_from_bone_vectors(speaker.rest * skeleton.HUMAN_LENGTHS[:, None])[None]
    track = AnnotationTrack.unknown(n_frames, fps)
    for family in ("phase", "phrase"):
        for side in SIDES:
            track.values[CHANNEL_BY_KEY[f"{family}_{side}"].index] = NOTHING
    found: dict[int, dict[str, Any]] = {}
    for line in performance.timelines:
        arrival = min(round(line.arrival * fps), n_frames - 1)
        until = max(arrival, min(round(line.end * fps), n_frames - 1)) + 1
        inside = slice(min(round(line.begin * fps), n_frames - 1), until)
        measured = measure_hand(positions, line.side, arrival, wrist_path(rest, line.side)[0], inside)
        labels = form_of(line.gesture.kind, measured)
        _write_hand(track, line, labels)
        entry = found.setdefault(id(line.gesture), _entry(line))
        entry["hands"][line.side] = [labels[family] for family in HAND_FAMILIES]
        if line.gesture.word >= 0:
            _write_speech(track, line, describe(words, line.gesture.word))
    _write_occurrence(track)
    return track, list(found.values())


def _write_hand(track: AnnotationTrack, line: Timeline, labels: Mapping[str, str]) -> None:
    whole = _frames(track, line.begin, line.sunk)
    for family, label in labels.items():
        track.values[CHANNEL_BY_KEY[f"{family}_{line.side}"].index, whole] = _value(family, label)
    phase = CHANNEL_BY_KEY[f"phase_{line.side}"].index
    for name, start, end in (
        ("prep", line.begin, line.stroke),
        ("stroke", line.stroke, line.arrival),
        ("post.hold", line.arrival, line.end),
        ("retr", line.end, line.sunk),
    ):
        track.values[phase, _frames(track, start, end)] = _value("phase", name)


def _write_speech(track: AnnotationTrack, line: Timeline, labels: Mapping[str, str]) -> None:
    whole = _frames(track, line.begin, line.sunk)
    if "entity" in labels:
        track.values[CHANNEL_BY_KEY["entity"].index, whole] = _value("entity", labels["entity"])
    if "speech_position" in labels:
        value = _value("position", labels["speech_position"])
        track.values[CHANNEL_BY_KEY["position_speech"].index, whole] = value


def _write_occurrence(track: AnnotationTrack) -> None:
    present = track.values[CHANNEL_BY_KEY["entity"].index] > 0
    if present.any():
        track.values[CHANNEL_BY_KEY["occurrence"].index] = smooth_occurrence(present)


def _entry(line: Timeline) -> dict[str, Any]:
    gesture = line.gesture
    return {
        "clip": gesture.clip.name,
        "form": {side: form_name(gesture.clip.name, side) for side in gesture.sides},
        "kind": gesture.kind,
        "side": gesture.side,
        "begin": round(gesture.begin, 3),
        "stroke": round(gesture.stroke, 3),
        "arrival": round(gesture.arrival, 3),
        "end": round(gesture.end, 3),
        "hands": {},
    }


def _frames(track: AnnotationTrack, start: float, end: float) -> slice:
    first, last = (
        min(track.values.shape[1], max(0, int(np.ceil(t * track.fps - 1e-6)))) for t in (start, end)
    )
    return slice(first, max(first, last))


def _value(family: str, name: str) -> int:
    return next(label.value for label in LABELS[family] if label.name == name)


def _accents(utterance: Utterance, sound: Sound, random: np.random.Generator) -> list[tuple[float, float]]:
    """The voice's accents as (second, strength); stressed words more strongly."""
    words = utterance.words
    if not words:
        return []
    stress = word_stress(words, sound)
    middles = np.array([(word.start + word.end) / 2 for word in words])
    return [
        (
            second,
            float(0.4 + 0.9 * stress[int(np.abs(middles - second).argmin())])
            * float(random.uniform(0.85, 1.4)),
        )
        for second in utterance.accents
    ]
