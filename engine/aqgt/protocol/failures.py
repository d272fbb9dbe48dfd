# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client says where an engine is missing, mute or hostile."""

from __future__ import annotations

from aqgt.errors import AqgtError
from aqgt.protocol.messages import EngineError

FINAL = ("bad-key", "no-encryption")
"""Codes of what waiting does not mend."""


def as_message(error: AqgtError) -> EngineError:
    """An error as it travels."""
    return EngineError(error.code, error.sentence, error.next_step)


def of_job(error: Exception) -> EngineError:
    """Why a job has failed; everything but an `AqgtError` is a mistake of the engine."""
    if isinstance(error, AqgtError):
        return as_message(error)
    return EngineError(
        "internal",
        f"The engine failed at this job ({type(error).__name__}: {error}).",
        "Its log holds the details; please report them together with what you did.",
    )


def no_engine(address: str) -> EngineError:
    """Nothing is there."""
    return EngineError(
        "no-engine",
        f"No engine listens at {address}.",
        "Start it with `aqgt serve`, or correct the address.",
    )


def gone(address: str) -> EngineError:
    """It was there."""
    return EngineError(
        "engine-gone",
        f"The engine at {address} has gone.",
        "Start it again with `aqgt serve`, then repeat the job; its log says what happened.",
    )


def not_an_engine(address: str, with_key: bool) -> EngineError:
    """It hangs up on ZeroMQ."""
    key = " and the key file" if with_key else ", give the engine's key file where it wants one"
    return EngineError(
        "no-answer",
        f"Whatever listens at {address} does not answer like an engine.",
        f"Check the address{key}, or start an engine on another port with `aqgt serve --port 0`.",
    )


def no_answer(address: str) -> EngineError:
    """It takes what is sent and says nothing."""
    return EngineError(
        "no-answer",
        f"Whatever listens at {address} does not answer.",
        "Check the address; if it is right, restart the engine.",
    )


def refused(address: str, with_key: bool) -> EngineError:
    """It speaks ZeroMQ, and does not let us in."""
    if with_key:
        return EngineError(
            "bad-key",
            f"The engine at {address} does not accept this key.",
            "Use a key file that `aqgt keys new` made in the engine's folder, and that is still listed.",
        )
    return EngineError(
        "bad-key",
        f"The engine at {address} lets nobody in without a key.",
        "Give the key file that its owner made for you with `aqgt keys new`: --key FILE.",
    )


def broken(error: Exception) -> EngineError:
    """The library failed."""
    return EngineError("no-engine", f"The connection failed ({error}).", "Restart the engine.")


def internal() -> EngineError:
    """The engine made a mistake."""
    return EngineError(
        "internal",
        "The engine failed at this message.",
        "Its log holds the details; please report them together with what you did.",
    )


def closed() -> EngineError:
    """The client was closed."""
    return EngineError("engine-gone", "The connection was closed.", "Try again.")
