# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of the published databases, as clips: a video with its clips, or one training window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.speech.audio import to_int16
from aqgt.words import Word
from aqgt_training.corpora.clip_records import ClipRecord
from aqgt_training.corpora.legacy import deserialize
from aqgt_training.corpora.published.annotations import from_records, with_occurrence

LZ4_MAGIC = b"\x04\x22\x4d\x18"
SAMPLE_FPS = 15.0
VIDEO_FPS = 25.0
_ITEMS = (6, 7)
"""Length of a training window's list: without and with annotations."""
_DAMAGE = (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError, OverflowError)


@dataclass(frozen=True)
class Context:
    """What a record does not say itself.

    Attributes:
        prefix: begin of the clips' names: database and key.
        split: split of the database.
        language: of the words.
        speakers: video → number; a video that is not there yet gets the next one.
    """

    prefix: str
    split: str
    language: str
    speakers: dict[str, int]

    def speaker(self, video: str) -> int:
        """The number of a video's speaker."""
        return self.speakers.setdefault(video, max(self.speakers.values(), default=-1) + 1)


def read_record(data: bytes) -> Any:
    """The object in a record, which may be compressed.

    Raises:
        AqgtError: it is damaged.
    """
    if data[:4] == LZ4_MAGIC:
        import lz4.frame

        try:
            data = lz4.frame.decompress(data)
        except (RuntimeError, EOFError) as error:
            raise AqgtError(
                f"The record can't be unpacked ({error}).", "Copy the database again.", "bad-record"
            ) from error
    return deserialize(data)


def clips_of(record: Any, context: Context) -> Iterator[ClipRecord | AqgtError]:
    """The clips of an object, in order; an error in the place of one that can't be used.

    Raises:
        AqgtError: the object is neither a video with its clips nor a training window.
    """
    if isinstance(record, Mapping) and isinstance(record.get("clips"), list):
        for number, clip in enumerate(record["clips"]):
            name = f"{context.prefix}-{number:03d}"
            try:
                yield _clip(clip, str(record.get("vid", "")), name, context)
            except (*_DAMAGE, AqgtError) as error:
                yield _unusable(name, error)
    elif isinstance(record, list | tuple) and len(record) in _ITEMS:
        try:
            yield _window(record, context.prefix, context)
        except (*_DAMAGE, AqgtError) as error:
            yield _unusable(context.prefix, error)
    else:
        raise AqgtError(
            "The record is neither a video with clips nor a training window.",
            "Check that this is a database of the published pipeline.",
            "bad-record",
        )


def _clip(clip: Mapping[str, Any], video: str, name: str, context: Context) -> ClipRecord:
    positions = _positions(clip["skeletons_3d"])
    first, last = int(clip["start_frame_no"]), int(clip["end_frame_no"])
    # The frame rate is nowhere stored; this is how the published code finds it.
    fps = round((last - first) / max(0.1, float(clip["end_time"]) - float(clip["start_time"])), 4)
    words = [
        (str(text), (float(start) - first) / fps, (float(end) - first) / fps)
        for text, start, end in clip["words"]
    ]
    labels = clip.get("saga_annotation")
    seconds = len(positions) / fps
    info = clip.get("clip_info")
    return ClipRecord(
        name,
        skeleton.bone_vectors_from_positions(positions),
        skeleton.OFFICIAL_LENGTHS,
        to_int16(np.asarray(clip["audio_raw"], dtype=np.float64)),
        _words(words, seconds, context.language),
        None if not labels else from_records(labels, len(positions)),
        fps=fps,
        split=context.split,
        speaker=context.speaker(video),
        meta={
            "video": video,
            "start_frame": first,
            "end_frame": last,
            **({"accepted": bool(info[2])} if info is not None and len(info) > 2 else {}),
        },
    )


def _window(items: Sequence[Any], name: str, context: Context) -> ClipRecord:
    words, poses, _, audio, _, aux = items[:6]
    positions = _positions(poses)
    begin = float(aux["start_frame_no"])
    video = str(aux["vid"])
    # Words are in frames of the video, the window's begin is the sum of one in those and one at 15 fps; the
    # published code scales the sum. Where the clip began is lost, so these times are an estimate.
    start = begin * VIDEO_FPS / SAMPLE_FPS
    timed = [
        (str(text), (float(first) - start) / VIDEO_FPS, (float(last) - start) / VIDEO_FPS)
        for text, first, last in words
    ]
    return ClipRecord(
        name,
        skeleton.bone_vectors_from_positions(positions),
        skeleton.OFFICIAL_LENGTHS,
        to_int16(np.asarray(audio, dtype=np.float64)),
        _words(timed, len(positions) / SAMPLE_FPS, context.language, estimated=True),
        _matrix(items[6] if len(items) > 6 else None, len(positions)),
        fps=SAMPLE_FPS,
        split=context.split,
        speaker=context.speaker(video),
        meta={"video": video, "start_frame": int(begin), "window": True},
    )


def _positions(frames: Any) -> NDArray[np.float64]:
    positions = np.asarray(frames, dtype=np.float64)
    if positions.ndim != 3 or positions.shape[1:] != (skeleton.N_JOINTS, 3) or not len(positions):
        raise ValueError(f"poses of the shape {list(positions.shape)}, not [frames, 53, 3]")
    if not np.isfinite(positions).all():
        raise ValueError("poses that are NaN or infinite")
    return positions


def _words(
    timed: Sequence[tuple[str, float, float]], seconds: float, language: str, *, estimated: bool = False
) -> list[Word]:
    """Words within the clip; what reaches beyond is cut off."""
    return [
        Word(text, max(0.0, start), max(0.0, start, end), language, estimated)
        for text, start, end in timed
        if text.strip() and end > 0 and start < seconds
    ]


def _matrix(channels: Any, n_frames: int) -> NDArray[np.float32] | None:
    """A window's annotations; None where all channels are −1 or of another length."""
    if channels is None or any(np.shape(channel) != (n_frames,) for channel in channels):
        return None
    return with_occurrence(np.array(channels, dtype=np.float32))


def _unusable(name: str, error: Exception) -> AqgtError:
    reason = error.sentence if isinstance(error, AqgtError) else f"{type(error).__name__}: {error}"
    return AqgtError(f"The clip {name} can't be used ({reason}).", "It is left out.", "bad-clip")
