# SPDX-License-Identifier: GPL-3.0-or-later
"""What is pinned of the shipped model. After its weights were replaced on purpose, write it anew:

.venv/bin/python -m tests.models.pin_compact
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aqgt.models.registry import LoadedModel, load_model

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FOLDER = CHECKOUT / "models" / "compact"
PINNED = CHECKOUT / "tests" / "data" / "compact_pinned.json"
_FRAMES, _COLUMNS = (0, 3, 4, 17, 33), (10, 50, 158)


def pinned(model: LoadedModel) -> dict[str, Any]:
    """The hash of the weights' names and shapes, and values `[5, 3]` that the model gives for a batch."""
    lines = [f"{name} {tuple(x.shape)}" for name, x in sorted(model.generator.state_dict().items())]
    with torch.inference_mode():
        output = model.generator(_batch(model)).bone_vectors[0].numpy()
    return {
        "names_sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        "output": output[np.ix_(_FRAMES, _COLUMNS)].astype(float).round(6).tolist(),
    }


def _batch(model: LoadedModel) -> dict[str, torch.Tensor]:
    config, rng = model.config, np.random.RandomState(7)
    frames, features = config.window, config.features
    seed = np.zeros((1, frames, 160))
    seed[:, : config.seed_frames, :159] = 0.3 * rng.standard_normal((1, config.seed_frames, 159))
    seed[:, : config.seed_frames, 159] = 1.0
    annotations = rng.randint(-1, 5, size=(1, 17, frames))
    arrays = {
        "mel": rng.standard_normal((1, frames, features.mel_per_frame, features.n_mels)),
        "beats": rng.standard_normal((1, frames, 2, 3 * features.beats_per_frame)),
        "words": rng.standard_normal((1, frames, config.word_columns)),
        "annotations": annotations,
        "seed": seed,
    }
    if config.annotation.forms:
        arrays["forms"] = rng.randint(-1, len(config.annotation.forms) + 1, size=(1, 2, frames))
    batch = {name: torch.from_numpy(x).float() for name, x in arrays.items()}
    return {**batch, "speaker": torch.ones(1, dtype=torch.int64)}


if __name__ == "__main__":
    PINNED.write_text(json.dumps(pinned(load_model(FOLDER)), indent=1) + "\n", encoding="utf-8")
