# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a motion comes from, written down so that it can be made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

import aqgt
from aqgt.models.config import ModelConfig
from aqgt.models.registry import LoadedModel
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest, LiveChunk, LiveRequest, Provenance

_SETTINGS = (
    "annotate", "fill", "density", "energy", "handedness", "idle", "head", "preset", "speaker", "sampling",
    "language", "start", "end",
)  # fmt: skip


def provenances(
    request: GenerateRequest, model: LoadedModel, timings: Mapping[str, float]
) -> tuple[Provenance, ...]:
    """One record per variant."""
    inputs = _inputs(request)
    settings = {name: getattr(request, name) for name in _SETTINGS}
    return tuple(
        Provenance(
            model=model.info.name,
            model_hash=model.model_hash,
            licence=model.config.licence,
            commercial_use=model.config.commercial_use,
            seed=request.seed + variant,
            inputs=inputs,
            settings=settings,
            timings=dict(timings),
            engine_version=aqgt.__version__,
            deterministic=model.generator.pose_mean.device.type == "cpu",
        )
        for variant in range(request.variants)
    )


class RunningHashes:
    """SHA-256 of a live motion's sound, words and spans, which come piece by piece."""

    def __init__(self) -> None:
        self._hashes = {name: hashlib.sha256() for name in ("audio", "words", "spans")}

    def add(self, chunk: LiveChunk) -> None:
        """One piece more."""
        self._hashes["audio"].update(np.ascontiguousarray(chunk.audio, dtype=np.float32).data)
        for word in chunk.words:
            self._hashes["words"].update(_as_bytes(asdict(word)))
        for span in chunk.spans:
            self._hashes["spans"].update(_as_bytes({**vars(span), "labels": dict(span.labels)}))

    def digests(self) -> dict[str, str]:
        """The hashes so far."""
        return {name: hash_.hexdigest() for name, hash_ in self._hashes.items()}


def live_provenance(
    request: LiveRequest, model: LoadedModel, hashes: RunningHashes, timings: Mapping[str, float]
) -> Provenance:
    """The record of a live motion."""
    settings = {name: getattr(request, name) for name in _SETTINGS if hasattr(request, name)}
    sample = {} if request.sample is None else {"sample": _hash_array(request.sample)}
    return Provenance(
        model=model.info.name,
        model_hash=model.model_hash,
        licence=model.config.licence,
        commercial_use=model.config.commercial_use,
        seed=request.seed,
        inputs={**hashes.digests(), **sample},
        settings={"live": True, **settings},
        timings=dict(timings),
        engine_version=aqgt.__version__,
        deterministic=model.generator.pose_mean.device.type == "cpu",
    )


def licence_notes(config: ModelConfig) -> tuple[str, ...]:
    """A sentence for the user where the model's licence restricts what may be done with its motion."""
    if config.commercial_use:
        return ()
    return (f"The licence of {config.name}, {config.licence}, does not allow commercial use.",)


def _inputs(request: GenerateRequest) -> dict[str, str]:
    hashes = {
        "audio": _hash_array(request.audio),
        "words": _hash([asdict(word) for word in request.words]),
        "spans": _hash([{**vars(span), "labels": dict(span.labels)} for span in request.spans]),
    }
    if request.track is not None:
        hashes["track"] = _hash_array(request.track)
    for name in ("seed_pose", "before", "after"):
        motion: Motion | None = getattr(request, name)
        if motion is not None:
            hashes[name] = _hash([motion.fps, _hash_array(motion.bone_vectors)])
    return hashes


def _hash_array(array: NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, dtype=np.float32).data).hexdigest()


def _hash(value: Any) -> str:
    return hashlib.sha256(_as_bytes(value)).hexdigest()


def _as_bytes(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
