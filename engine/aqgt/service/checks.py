# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses a request that cannot work before it waits in a queue."""

from __future__ import annotations

from typing import Any

import numpy as np

from aqgt.errors import AqgtError
from aqgt.protocol import messages
from aqgt.protocol.checks import check_generate, check_planning
from aqgt.protocol.messages import SAMPLE_RATE
from aqgt.service.config import Limits


def check_request(request: Any, limits: Limits) -> None:
    """Check what needs neither a model nor an ear.

    Raises:
        AqgtError: a value is out of its range, or a limit of the engine is exceeded.
    """
    _check_audio(request.audio, limits.seconds)
    _check_words(request, limits.words)
    _check_spans(request, limits.spans)
    if isinstance(request, messages.GenerateRequest):
        if request.variants > limits.variants:
            raise AqgtError(
                f"{request.variants} variants are asked for, the engine makes at most {limits.variants}.",
                "Ask for fewer, or raise limits.variants in the engine's configuration.",
                "too-many-variants",
            )
        check_generate(request)
    if isinstance(request, messages.SuggestRequest):
        check_planning(request)
    if isinstance(request, messages.AlignRequest) and not request.text.strip():
        raise AqgtError("The transcript is empty.", "Write what is said, or go on without words.", "no-text")


def _check_words(request: Any, most: int) -> None:
    if isinstance(request, messages.AlignRequest):
        count = len(request.text.split())
    else:
        count = len(getattr(request, "words", ()))
    if count > most:
        raise AqgtError(
            f"The transcript has {count} words, the engine takes at most {most}.",
            "Cut it into parts, or raise limits.words in the engine's configuration.",
            "too-many-words",
        )


def _check_spans(request: Any, most: int) -> None:
    spans = getattr(request, "spans", ()) or getattr(request, "keep", ())
    if len(spans) > most:
        raise AqgtError(
            f"There are {len(spans)} annotations, the engine takes at most {most}.",
            "Send fewer, or raise limits.spans in the engine's configuration.",
            "too-many-spans",
        )


def _check_audio(audio: np.ndarray, seconds: float) -> None:
    if audio.ndim != 1:
        raise AqgtError("The audio is not mono.", "Send one channel at 16 kHz.", "bad-audio")
    if len(audio) == 0:
        raise AqgtError(
            "The audio holds no samples.", "Pick a sound strip or a file with sound.", "empty-audio"
        )
    if not np.isfinite(audio).all():
        raise AqgtError("The audio holds NaN or infinite samples.", "Export the sound again.", "bad-audio")
    if len(audio) > seconds * SAMPLE_RATE:
        raise AqgtError(
            f"The audio lasts {len(audio) / SAMPLE_RATE:.0f} s, the engine takes at most {seconds:.0f} s.",
            "Cut it into parts, or raise limits.seconds in the engine's configuration.",
            "too-long",
        )
