# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether shards are what a model reads: its frame rate, bone lengths, window and audio VQ.

The published pipeline's shards say nothing of how they were made, and are taken as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig
from aqgt_training.corpora.shards import ShardSource, open_shards

_AGAIN = "Make them with this model's config: aqgt-train corpus shards CLIPS --model FILE --output FOLDER"


def check_motion(sources: Sequence[ShardSource], fps: float, window: int, lengths: NDArray | None) -> None:
    """Raises unless windows are at least ``window`` frames, at ``fps``, on these bone lengths `[53]`.

    Raises:
        AqgtError: they are not; it names the shards and both values.
    """
    for source in sources:
        if not source.manifest:
            continue
        cutting = source.manifest["cutting"]
        if cutting["fps"] != fps:
            raise _differs(source, f"{cutting['fps']:g} frames per second", f"{fps:g}")
        if cutting["window"] < window:
            raise _differs(source, f"windows of {cutting['window']} frames", f"{window}")
        found = source.manifest["lengths"]
        if lengths is not None and not np.allclose(found, lengths, rtol=1e-3, atol=1e-6):
            raise _differs(source, "other bone lengths", "its own")


def check_features(shards: Sequence[str], config: ModelConfig, audio_vq: str | None) -> None:
    """Raises unless the windows are exactly the model's and their sound codes those of its audio VQ.

    Args:
        shards: folders or URLs.
        audio_vq: `corpora.model_features.digest_of_weights`; None where the model reads no codes.

    Raises:
        AqgtError: the shards were made for another model, or with another audio VQ.
    """
    for source in open_shards(list(shards), split="train").sources:
        if not source.manifest:
            continue
        window = source.manifest["cutting"]["window"]
        if window != config.window:
            raise _differs(source, f"windows of {window} frames", f"{config.window}")
        made_with = source.manifest.get("audio_vq")
        if made_with != audio_vq:
            held = (
                "no codes of an audio VQ" if made_with is None else f"codes of the audio VQ {made_with[:12]}"
            )
            wanted = "none" if audio_vq is None else f"those of {audio_vq[:12]}"
            raise AqgtError(
                f"The shards “{source.place}” hold {held}, and the model reads {wanted}.",
                "Give the stage the audio VQ they were made with, or make them again with this one:"
                " aqgt-train corpus shards … --audio-vq FOLDER",
                "wrong-shards",
            )


def _differs(source: ShardSource, found: str, wanted: str) -> AqgtError:
    return AqgtError(f"The shards “{source.place}” have {found}, the model {wanted}.", _AGAIN, "wrong-shards")
