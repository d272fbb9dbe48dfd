# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a motion comes from, written down so that it can be made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

import aqgt
from aqgt.models.registry import LoadedModel
from aqgt.protocol.messages import GenerateRequest, Provenance


def provenances(
    request: GenerateRequest, model: LoadedModel, timings: Mapping[str, float]
) -> tuple[Provenance, ...]:
    """One record per variant."""
    inputs = {
        "audio": hashlib.sha256(np.ascontiguousarray(request.audio, dtype=np.float32).tobytes()).hexdigest(),
        "words": _hash([asdict(word) for word in request.words]),
        "spans": _hash([{**vars(span), "labels": dict(span.labels)} for span in request.spans]),
    }
    return tuple(
        Provenance(
            model=model.info.name,
            model_hash=model.model_hash,
            licence=model.config.licence,
            commercial_use=model.config.commercial_use,
            seed=request.seed + variant,
            inputs=inputs,
            timings=dict(timings),
            engine_version=aqgt.__version__,
            deterministic=model.generator.pose_mean.device.type == "cpu",
        )
        for variant in range(request.variants)
    )


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
