# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses a request that cannot work before it waits in a queue."""

from __future__ import annotations

from typing import Any

import numpy as np

from aqgt.errors import AqgtError
from aqgt.protocol import messages
from aqgt.protocol.messages import SAMPLE_RATE
from aqgt.service.config import Limits


def check_request(request: Any, limits: Limits) -> None:
    """Check what needs neither a model nor an ear.

    Raises:
        AqgtError: a value is out of its range, or a limit of the engine is exceeded.
    """
    _check_audio(request.audio, limits.seconds)
    if isinstance(request, messages.GenerateRequest):
        _check_generate(request, limits)
    if isinstance(request, (messages.GenerateRequest, messages.SuggestRequest)):
        _check_range("density", request.density, 0.0, 2.0)
        _check_range("energy", request.energy, 0.0, 2.0)
        _check_range("handedness", request.handedness, 0.0, 1.0)
    if isinstance(request, messages.AlignRequest) and not request.text.strip():
        raise AqgtError("The transcript is empty.", "Write what is said, or go on without words.", "no-text")


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


def _check_generate(request: messages.GenerateRequest, limits: Limits) -> None:
    if not 1 <= request.variants <= limits.variants:
        raise AqgtError(
            f"{request.variants} variants are asked for, the engine makes 1 to {limits.variants}.",
            "Ask for fewer, or raise limits.variants in the engine's configuration.",
            "too-many-variants",
        )
    _check_choice("annotate", request.annotate, ("auto", "around", "none"))
    _check_choice("fill", request.fill, ("planner", "none"))
    _check_range("idle", request.idle, 0.0, 2.0)
    if request.seed < 0 or request.speaker < 0:
        raise AqgtError("Seed and speaker cannot be negative.", "Give 0 or a larger number.", "bad-request")
    duration = len(request.audio) / SAMPLE_RATE
    end = duration if request.end is None else request.end
    if not 0 <= request.start < end <= duration + 1.0:
        raise AqgtError(
            f"The range {request.start:g}–{end:g} s does not lie within the audio of {duration:.2f} s.",
            "Choose a range inside the recording.",
            "bad-range",
        )


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise AqgtError(f"“{name}” is {value:g}.", f"Give a number from {low:g} to {high:g}.", "bad-request")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise AqgtError(f"“{name}” is “{value}”.", f"Allowed: {', '.join(choices)}.", "bad-request")
