# SPDX-License-Identifier: GPL-3.0-or-later
"""One example of each message, whose bytes lie in tests/data/protocol.

`python tests/protocol/golden.py` writes the files; that changes the protocol, and its version with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aqgt.annotations import Span
from aqgt.motion import Motion
from aqgt.protocol import messages, wire
from aqgt.words import Word

FOLDER = Path(__file__).resolve().parent.parent / "data" / "protocol"
JOB = "0123456789abcdef0123456789abcdef"

_AUDIO = np.linspace(-1, 1, 8).astype(np.float32)
_WORDS = (Word("hello", 0.0, 0.25), Word("Welt", 0.25, 0.5, "de", estimated=True))
_SPANS = (
    Span(0.1, 0.4, "right", {"phrase": "iconic", "position": "left"}),
    Span(0.45, rest=True),
)
_LENGTHS = np.linspace(0.0, 0.52, 53)
_VECTORS = np.zeros((2, 53, 3), np.float32)
_VECTORS[:, :, 1] = _LENGTHS
_MOTION = Motion(15.0, _VECTORS, _LENGTHS)
_INFO = messages.ModelInfo("compact", "Compact", 15.0, "GPL-3.0-or-later", True, 2, _LENGTHS, "A card.")
_VOCABULARY = {"phrase": ["no gesture", "iconic"], "phase": ["stroke"]}
_PROVENANCE = messages.Provenance(
    "compact", "ab" * 32, "GPL-3.0-or-later", True, 7, {"audio": "cd" * 32}, {"idle": 1.0, "preset": None},
    {"total": 0.5}, "0.1.0", True,
)  # fmt: skip

EXAMPLES: dict[str, tuple[str, Any]] = {
    "hello_request": (JOB, messages.HelloRequest("a program")),
    "hello": (
        JOB,
        messages.Hello(1, "0.1.0", "cpu", (_INFO,), 600.0, 16, _VOCABULARY, {"seconds": 600.0, "words": 9}),
    ),
    "models_request": (JOB, messages.ModelsRequest()),
    "models": (JOB, messages.Models((_INFO,))),
    "vocabulary_request": (JOB, messages.VocabularyRequest()),
    "vocabulary": (JOB, messages.Vocabulary(_VOCABULARY)),
    "generate_request": (
        JOB,
        messages.GenerateRequest(_AUDIO, _WORDS, _SPANS, preset="calm", speaker=1, seed=7, before=_MOTION),
    ),
    "accepted": (JOB, messages.Accepted(3)),
    "progress": (JOB, messages.Progress(1, 2, 0, 0, _VECTORS)),
    "generate_result": (
        JOB,
        messages.GenerateResult(
            (_MOTION,), (_SPANS,), (np.full((17, 2), -1, np.float32),), (_PROVENANCE,), ("A note.",)
        ),
    ),
    "align_request": (JOB, messages.AlignRequest(_AUDIO, "hello Welt", "en")),
    "align_result": (JOB, messages.AlignResult(_WORDS, ("A note.",))),
    "align_progress": (JOB, messages.Progress.share(0.5)),
    "transcribe_request": (JOB, messages.TranscribeRequest(_AUDIO, "en", "small")),
    "transcribe_result": (JOB, messages.TranscribeResult(_WORDS, "en", "small", ("A note.",))),
    "suggest_request": (JOB, messages.SuggestRequest(_AUDIO, _WORDS, _SPANS)),
    "suggest_result": (JOB, messages.SuggestResult(_SPANS)),
    "live_request": (JOB, messages.LiveRequest("compact", seed=7, sample=_AUDIO)),
    "live_started": (JOB, messages.LiveStarted(15.0, _LENGTHS, 2.365375, 2.0, "CC0-1.0", ("A note.",))),
    "live_chunk": (JOB, messages.LiveChunk(0, _AUDIO, _WORDS, _SPANS)),
    "live_frames": (JOB, messages.LiveFrames(0, _VECTORS, 2.4, _SPANS)),
    "live_end": (JOB, messages.LiveEnd(1)),
    "live_result": (JOB, messages.LiveResult(2, _PROVENANCE, ("A note.",))),
    "error": (JOB, messages.EngineError("empty-audio", "The audio holds no samples.", "Pick a sound strip.")),
    "cancel": (JOB, messages.Cancel()),
    "cancelled": (JOB, messages.Cancelled()),
    "attach": (JOB, messages.Attach()),
    "received": (JOB, messages.Received()),
    "status_request": (JOB, messages.StatusRequest()),
    "status": (
        JOB,
        messages.EngineStatus(
            1, 2, 3, 4.5, 1, 0, 2, False, 0, 3.0, 30.0, 90.5,
            (messages.WorkerStatus(0, "busy", "cpu", 1, 0, None, ("compact",)),),
        ),
    ),
    "heartbeat": ("", messages.Heartbeat()),
}  # fmt: skip
"""File name -> job id and body."""


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (job, body) in EXAMPLES.items():
        (FOLDER / f"{name}.bin").write_bytes(wire.encode(body, job))


if __name__ == "__main__":
    main()
