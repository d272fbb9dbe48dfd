# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds a clip database from a folder of videos: track, cut, judge, store, and show on a page."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.speech.audio import SAMPLE_RATE, read_audio, to_int16
from aqgt.words import Word, between
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipWriter
from aqgt_training.corpora.clip_records import ClipRecord
from aqgt_training.corpora.import_motion import facing_front
from aqgt_training.corpora.splits import SplitRule
from aqgt_training.corpora.video.clips import Stretch, judge, measure, measure_sound, stretches_of
from aqgt_training.corpora.video.config import FPS, MotionConfig, VideoConfig
from aqgt_training.corpora.video.joints import TrackedBody, motion_as_published, motion_of, tracked_body
from aqgt_training.corpora.video.spoken_words import SpokenWords, words_of
from aqgt_training.corpora.video.tracking import Tracking, ensure_tracked, read_tracking, tracker_python

SUFFIXES = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".flv", ".wmv")
VIDEOS = "videos"
"""Folder of what was tracked, one folder per video: kept, so that filters can be changed cheaply."""


@dataclass(frozen=True)
class BuildOptions:
    """What a run is told besides the configuration.

    Attributes:
        language: of the words; None: what their files say, else English.
        speaker: pattern that finds the speaker in a video's name; None: each video has its own.
        splits: which videos go where; all to train where it has no shares.
        decisions: clip → whether it is kept, by a person's word.
        processes: videos that are tracked at once.
    """

    language: str | None = None
    speaker: str | None = None
    splits: SplitRule = field(default_factory=SplitRule)
    decisions: Mapping[str, bool] = field(default_factory=dict)
    processes: int = 1


@dataclass(frozen=True)
class ClipVerdict:
    """One stretch of a video, whether it became a clip, and why not."""

    name: str
    stretch: Stretch
    words: Sequence[Word]
    by_hand: bool | None

    @property
    def kept(self) -> bool:
        """Whether it is in the database: a person's word counts more than the filters."""
        return self.possible and (not self.stretch.reasons if self.by_hand is None else self.by_hand)

    @property
    def possible(self) -> bool:
        """Whether it can be a clip at all: without a body there is no motion."""
        return not self.stretch.empty


@dataclass(frozen=True)
class VideoVerdict:
    """One video: what is wrong with it as a whole, what else there is to say, and its stretches."""

    name: str
    path: Path
    folder: Path
    facts: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None
    notes: Sequence[str] = ()
    clips: Sequence[ClipVerdict] = ()


def find_videos(source: Path) -> list[Path]:
    """All videos below a folder, by name.

    Raises:
        AqgtError: there is none.
    """
    found = [path for path in source.rglob("*") if path.is_file() and path.suffix.lower() in SUFFIXES]
    if not found:
        raise AqgtError(
            f"There are no videos in “{source}”.", f"Give a folder with {', '.join(SUFFIXES)}.", "no-video"
        )
    return sorted(found)


def build_corpus(
    source: Path,
    output: Path,
    config: VideoConfig,
    options: BuildOptions,
    *,
    resume: bool = False,
    progress: Callable[[str, float, str | None], None] = lambda name, share, problem: None,
) -> tuple[dict[str, Any], list[VideoVerdict]]:
    """Make the database; returns its manifest and what became of each video.

    What was tracked lies in ``output/videos``. With ``resume`` it is used again where video and settings are
    the same; the database itself is always written anew, so that changed filters and decisions count.

    Args:
        progress: called with a video's name, the share that is done, and at its end what is wrong with it.
    """
    videos = find_videos(source)
    python = tracker_python()
    if not resume:
        shutil.rmtree(output / VIDEOS, ignore_errors=True)

    def track(path: Path) -> AqgtError | None:
        """Tracks, and leaves the result on the disk: many videos may be done before their turn comes."""
        name = path.relative_to(source).as_posix()
        try:
            ensure_tracked(
                path,
                output / VIDEOS / _folder_name(name),
                config.tracking,
                python=python,
                progress=lambda share: progress(name, 0.95 * share, None),
            )
        except AqgtError as error:
            return error
        return None

    speakers: dict[str, int] = {}
    verdicts: list[VideoVerdict] = []
    with ThreadPoolExecutor(options.processes) as pool, ClipWriter(output, info={"kind": "video"}) as writer:
        for path, failure in zip(videos, pool.map(track, videos), strict=True):
            name = path.relative_to(source).as_posix()
            speaker = speakers.setdefault(_speaker(name, options.speaker), len(speakers))
            verdict = VideoVerdict(name, path, output / VIDEOS / _folder_name(name))
            try:
                if failure is not None:
                    raise failure
                tracking = read_tracking(verdict.folder)
            except AqgtError as error:
                verdict = replace(verdict, problem=error.sentence)
            else:
                verdict, records = _judged(verdict, tracking, config, options, speaker)
                for record in records:
                    writer.add(record)
            verdicts.append(verdict)
            progress(name, 1.0, verdict.problem)
        writer.info.update(_info(verdicts, config, speakers))
    return ClipReader(output).manifest, verdicts


def _judged(
    verdict: VideoVerdict, tracking: Tracking, config: VideoConfig, options: BuildOptions, speaker: int
) -> tuple[VideoVerdict, Iterator[ClipRecord]]:
    """A tracked video with its stretches judged, and records of those that are kept."""
    body = tracked_body(tracking, config.motion.longest_gap)
    sound, notes = _sound_of(verdict.path, tracking)
    spoken = words_of(verdict.path, sound, options.language)
    if spoken.problem:
        notes.append(f"No words: {spoken.problem}")
    if tracking.facts["damaged"]:
        notes.append(f"It ends early, after {len(tracking) / FPS:.1f} s: {tracking.facts['damaged']}")
    clips = []
    for stretch in stretches_of(tracking, body, config.filters.longest):
        words = _words_in(spoken, stretch)
        figures = measure(stretch, tracking, body, config.filters)
        figures |= measure_sound(_part(sound, stretch), len(words))
        stretch = replace(stretch, figures=figures, reasons=judge(figures, config.filters))
        name = f"{verdict.name}/{stretch.start:07d}"
        clips.append(ClipVerdict(name, stretch, words, options.decisions.get(name)))
    several = max((clip.stretch.people for clip in clips), default=0)
    if several > 1:
        notes.append(f"{several} people are seen; the {config.tracking.speaker} one of a scene was followed.")
    verdict = replace(verdict, facts=tracking.facts, notes=notes, clips=clips)
    split = options.splits.split_of(verdict.name, "train")

    def records() -> Iterator[ClipRecord]:
        for clip in clips:
            if clip.kept:
                yield _record(clip, verdict.name, body, sound, config.motion, split, speaker)

    return verdict, records()


def _record(
    clip: ClipVerdict,
    video: str,
    body: TrackedBody,
    sound: NDArray[np.float32] | None,
    config: MotionConfig,
    split: str,
    speaker: int,
) -> ClipRecord:
    part = slice(clip.stretch.start, clip.stretch.end)
    motion = _motion(body.joints[part], config)
    n_samples = round(clip.stretch.seconds * SAMPLE_RATE)
    heard = _part(sound, clip.stretch)
    samples = np.zeros(n_samples, np.float32) if heard is None else heard
    return ClipRecord(
        clip.name,
        motion.bone_vectors,
        motion.lengths,
        to_int16(samples),
        clip.words,
        fps=FPS,
        split=split,
        speaker=speaker,
        meta={
            "video": video,
            "start": clip.stretch.start / FPS,
            "end": clip.stretch.end / FPS,
            "people": clip.stretch.people,
            "hands_seen": body.hands[part].mean(axis=0).tolist(),
            "palms_repaired": body.repaired[part].mean(axis=0).tolist(),
            "hands_dropped": body.dropped[part].mean(axis=0).tolist(),
        },
    )


def _motion(joints: NDArray[np.float64], config: MotionConfig) -> Motion:
    if config.as_published:
        motion = motion_as_published(joints, FPS)
    else:
        motion = motion_of(joints, FPS, config.smoothing)
    return facing_front(motion) if config.face_front else motion


def _sound_of(path: Path, tracking: Tracking) -> tuple[NDArray[np.float32] | None, list[str]]:
    """The sound from the first picture on, as long as the pictures; and what is to be said of it."""
    try:
        samples = read_audio(path)
    except AqgtError as error:
        return None, [f"No sound: {error.sentence}"]
    lead = round((tracking.facts["sound_offset"] or 0.0) * SAMPLE_RATE)
    samples = np.pad(samples, (lead, 0)) if lead > 0 else samples[-lead:]
    n_samples = round(len(tracking) / FPS * SAMPLE_RATE)
    return np.pad(samples, (0, max(0, n_samples - len(samples))))[:n_samples], []


def _part(sound: NDArray[np.float32] | None, stretch: Stretch) -> NDArray[np.float32] | None:
    if sound is None:
        return None
    start = round(stretch.start / FPS * SAMPLE_RATE)
    return sound[start : start + round(stretch.seconds * SAMPLE_RATE)]


def _words_in(spoken: SpokenWords, stretch: Stretch) -> list[Word]:
    """The words of a stretch in its own time, cut at its ends."""
    begin, end = stretch.start / FPS, stretch.end / FPS
    return [
        replace(word, start=max(word.start, begin) - begin, end=min(word.end, end) - begin)
        for word in between(spoken.words, begin, end)
    ]


def _info(verdicts: Sequence[VideoVerdict], config: VideoConfig, speakers: dict[str, int]) -> dict[str, Any]:
    reasons = Counter(
        reason for one in verdicts for clip in one.clips if not clip.kept for reason in clip.stretch.reasons
    )
    return {
        "config": config.model_dump(mode="json"),
        "speakers": speakers,
        "skipped": {one.name: one.problem for one in verdicts if one.problem},
        "left_out": dict(reasons.most_common()),
        "clips_left_out": sum(not clip.kept for one in verdicts for clip in one.clips),
    }


def _folder_name(name: str) -> str:
    """A folder of its own for each video, also for those that share a name in different folders."""
    return name.replace("%", "%25").replace("/", "%2F")


def _speaker(name: str, pattern: str | None) -> str:
    if pattern is None:
        return name
    found = re.search(pattern, name)
    if found is None:
        return ""
    return found.group(1) if found.re.groups else found.group(0)


def read_decisions(path: Path) -> dict[str, bool]:
    """A person's decisions as the review page saves them: clip → keep or drop.

    Raises:
        AqgtError: the file can't be read or holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["decisions"]
        if not all(isinstance(keep, bool) for keep in found.values()):
            raise ValueError("a decision is neither true nor false")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AqgtError(
            f"“{path}” holds no decisions ({error}).", "Save them from the review page.", "bad-file"
        ) from error
    return dict(found)
