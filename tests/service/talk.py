# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the engine say to it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from aqgt.protocol import messages
from aqgt.protocol.client import EngineClient

LONG, LONG_WINDOWS, LONG_TAKES = 590.0, 295, 29.5
"""Seconds of sound, its windows, and the least seconds that the model “slow” takes for them."""


def request(model: str = "fake", seconds: float = 4.0, **more: Any) -> messages.GenerateRequest:
    audio = np.sin(np.arange(round(seconds * messages.SAMPLE_RATE)) * 0.1).astype(np.float32)
    return messages.GenerateRequest(audio, model=model, **more)


def wait_for(client: EngineClient, job: str, kind: type, seconds: float = 60.0) -> list[Any]:
    """The events of a job up to one of a kind."""
    found: list[Any] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found += client.poll(job)
        if found and isinstance(found[-1], kind):
            return found
        time.sleep(0.01)
    raise AssertionError(f"no {kind.__name__} within {seconds} s, but {found}")
