# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the values of a request make sense, told without a model and without hearing anything."""

from __future__ import annotations

from collections.abc import Sequence

from aqgt.errors import AqgtError
from aqgt.protocol.messages import (
    ANNOTATE,
    FILL,
    SAMPLE_RATE,
    SAMPLING,
    GenerateRequest,
    LiveRequest,
    SuggestRequest,
)

_TOLERANCE = 0.1
"""Seconds by which a range may pass the sound's end: it was rounded to somebody's frames."""

_LARGEST_SEED = 2**31 - 1
"""As much as a property in Blender holds; random generators take more."""


def check_generate(request: GenerateRequest) -> None:
    """Check choices, numbers and the range.

    Raises:
        AqgtError: ``bad-request`` or ``bad-range``; the message names what is allowed.
    """
    check_planning(request)
    check_choice("annotate", request.annotate, ANNOTATE)
    check_choice("fill", request.fill, FILL)
    check_choice("sampling", request.sampling, SAMPLING)
    _check_number("idle", request.idle, 2.0)
    if request.variants < 1:
        raise AqgtError("No variant was asked for.", "Ask for at least one.", "bad-request")
    _check_seed_and_speaker(request)
    seconds = len(request.audio) / SAMPLE_RATE
    end = seconds if request.end is None else request.end
    if not 0 <= request.start < end <= seconds + _TOLERANCE:
        raise AqgtError(
            f"The range {request.start:g}–{end:g} s does not lie within the audio of {seconds:.2f} s.",
            "Choose a range inside the recording.",
            "bad-range",
        )


def check_live(request: LiveRequest) -> None:
    """Check choices and numbers.

    Raises:
        AqgtError: ``bad-request``; the message names what is allowed.
    """
    check_planning(request)
    check_choice("annotate", request.annotate, ("auto", "none"))
    check_choice("fill", request.fill, FILL)
    check_choice("sampling", request.sampling, SAMPLING)
    _check_number("idle", request.idle, 2.0)
    _check_seed_and_speaker(request)


def check_planning(request: GenerateRequest | SuggestRequest | LiveRequest) -> None:
    """Check what the planner is told.

    Raises:
        AqgtError: ``bad-request``; the message names the allowed numbers.
    """
    _check_number("density", request.density, 2.0)
    _check_number("energy", request.energy, 2.0)
    _check_number("handedness", request.handedness, 1.0)


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Check that a value is one of those allowed.

    Raises:
        AqgtError: ``bad-request``; the message lists them.
    """
    if value not in choices:
        raise AqgtError(f"“{name}” is “{value}”.", f"Allowed: {', '.join(choices)}.", "bad-request")


def _check_seed_and_speaker(request: GenerateRequest | LiveRequest) -> None:
    if not 0 <= request.seed <= _LARGEST_SEED:
        raise AqgtError(f"The seed is {request.seed}.", f"Give 0 to {_LARGEST_SEED}.", "bad-request")
    if request.speaker is not None and request.speaker < 0:
        raise AqgtError("The speaker cannot be negative.", "Give 0 or a larger number.", "bad-request")


def _check_number(name: str, value: float, top: float) -> None:
    if not 0 <= value <= top:
        raise AqgtError(f"“{name}” is {value:g}.", f"Give a number from 0 to {top:g}.", "bad-request")
