# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine can transcribe with, as far as it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aqgt.protocol.messages import Hello


def model_names(hello: Hello | None) -> list[str]:
    """What the engine can transcribe with, as far as it was asked."""
    told = {} if hello is None else hello.limits.get("transcription", {})
    return list(told.get("models", ()))


def reason_not(hello: Hello | None) -> str:
    """Why the engine cannot transcribe, and what to do; empty where it can or was not asked yet."""
    if hello is None or model_names(hello):
        return ""
    if "transcription" not in hello.limits:
        return "The engine is too old to transcribe: install the version of this extension."
    return str(hello.limits["transcription"].get("reason", ""))
