# SPDX-License-Identifier: GPL-3.0-or-later
"""Published checkpoints: the weights, speakers and mean poses in them, read without running anything.

See `aqgt.models.checkpoint_files` for the files and `aqgt.models.inert_pickle` for why that is safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.models.checkpoint_files import read_object
from aqgt.models.inert_pickle import Shell, printable
from aqgt.skeleton import N_JOINTS

NETWORKS = ("pose_vq", "audio_vq", "annotation_model", "generator", "discriminator", "gesture_autoencoder")
"""The networks a checkpoint may hold."""

_LIGHTNING_PREFIX = "generator."
_OLD_NAMES = (("gru.", "transformer_1."), ("gru2.", "transformer_2."), ("gru3.", "gru_2."))
"""How parts of the generator were called in older files."""


def read_checkpoint(path: str | Path) -> dict[Any, Any]:
    """A checkpoint's entries, such as ``gen_dict``, ``dis_dict``, ``pose_dim`` and ``speaker_model``.

    Tensors are on the processor whatever device they were saved from, and are views of the file: copy what
    outlives it. Objects of classes are `Shell`s.

    Raises:
        AqgtError: the file can't be read, is damaged or no checkpoint, or asks for something no checkpoint
            needs; the message names it.
    """
    checkpoint = read_object(path)
    if not isinstance(checkpoint, dict):
        raise AqgtError(
            f"The file {path} holds no checkpoint but a {type(checkpoint).__name__}.",
            "Give a file with weights (.ckpt or .bin).",
            "bad-checkpoint",
        )
    return checkpoint


def state_dict_of(checkpoint: Mapping[Any, Any], network: str) -> dict[str, Tensor]:
    """The weights of one network in a checkpoint, under the published names.

    Names of older files are brought to today's, and what belongs to other networks is left out.

    Args:
        checkpoint: from `read_checkpoint`.
        network: one of `NETWORKS`.

    Raises:
        AqgtError: the checkpoint does not hold that network, or something in it is no tensor.
    """
    if network not in NETWORKS:
        raise ValueError(f"{network} is none of {', '.join(NETWORKS)}")
    weights = checkpoint.get("dis_dict" if network == "discriminator" else "gen_dict")
    if network == "audio_vq" and weights is None:
        weights = _without_prefix(checkpoint.get("state_dict"))
    if not isinstance(weights, Mapping) or not weights:
        held = printable(", ".join(sorted(str(key) for key in checkpoint)), 300) or "nothing"
        raise AqgtError(
            f"The checkpoint holds no weights of the network {network}; it holds: {held}.",
            "Give the file that was published for this network.",
            "wrong-checkpoint",
        )
    wrong = [str(name) for name, value in weights.items() if not _is_weight(name, value)]
    if wrong:
        raise AqgtError(
            f"In the checkpoint, {printable(', '.join(wrong[:5]))} of {network} is no tensor.",
            "Give the file that was published for this network.",
            "wrong-checkpoint",
        )
    return _todays_names(dict(weights), network)


def read_means(path: str | Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean pose and mean bone directions of the published training data, both `[53, 3]`.

    Raises:
        AqgtError: the file can't be read safely, or does not hold them.
    """
    means = read_object(path)
    if isinstance(means, list | tuple) and len(means) == 2:
        pose, directions = (_mean(value) for value in means)
        if pose is not None and directions is not None:
            return pose, directions
    raise AqgtError(
        f"The file {path} does not hold a mean pose and mean directions of {N_JOINTS} joints.",
        "Give the published means.p.",
        "bad-means",
    )


def read_speakers(source: str | Path | Shell) -> dict[str, int]:
    """Speaker names and their numbers, from a vocabulary file, a checkpoint's file or a vocabulary in one.

    Raises:
        AqgtError: the file can't be read safely, or holds no speakers.
    """
    vocabulary = source if isinstance(source, Shell) else read_object(source)
    if isinstance(vocabulary, dict):
        vocabulary = vocabulary.get("speaker_model")
    numbers = vocabulary.attributes().get("word2index") if isinstance(vocabulary, Shell) else None
    if not isinstance(numbers, dict) or not all(
        isinstance(name, str) and type(number) is int and number >= 0 for name, number in numbers.items()
    ):
        raise AqgtError(
            f"{source if isinstance(source, Shell) else f'The file {source}'} holds no speakers.",
            "Give the published speaker vocabulary (…_speaker_model.pkl) or the generator's checkpoint.",
            "bad-speakers",
        )
    return dict(numbers)


def _is_weight(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, Tensor)


def _without_prefix(weights: Any) -> dict[str, Any] | None:
    """The network inside the training module it was saved with."""
    if not isinstance(weights, Mapping):
        return None
    return {
        name.removeprefix(_LIGHTNING_PREFIX): value
        for name, value in weights.items()
        if isinstance(name, str) and name.startswith(_LIGHTNING_PREFIX)
    }


def _todays_names(weights: dict[str, Tensor], network: str) -> dict[str, Tensor]:
    if network == "annotation_model":  # saved together with the pose VQ it was trained on
        return {name: value for name, value in weights.items() if not name.startswith("vq.")}
    if network == "generator":
        return {_todays_name(name): value for name, value in weights.items()}
    return weights


def _todays_name(name: str) -> str:
    for old, new in _OLD_NAMES:
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


def _mean(value: Any) -> NDArray[np.float64] | None:
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.size != N_JOINTS * 3:
        return None
    mean = value.reshape(N_JOINTS, 3).astype(np.float64)
    return mean if np.isfinite(mean).all() else None
