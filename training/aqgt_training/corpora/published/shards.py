# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of the published pipeline's shards, whose members are `torch.save` streams."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.annotations import N_CHANNELS, UNKNOWN
from aqgt.errors import AqgtError

_SUFFIX = ".pth"
_FEATURES = {
    "beat": "beats", "word_seq": "sentence", "audio": "logits",
    "audio_var_bottom": "audio_bottom", "audio_var_top": "audio_top",
}  # fmt: skip
"""The published names of features and those that our networks read."""
_DIMENSIONS = {"beats": 2, "sentence": 1, "logits": 2, "audio_bottom": 1, "audio_top": 1}
_MARK = f"poses_seq{_SUFFIX}"


def is_published(members: Mapping[str, bytes]) -> bool:
    """Whether a shard's members are those of the published pipeline."""
    return _MARK in members


def published_window(members: Mapping[str, bytes], where: str, speakers: Mapping[str, int]) -> dict[str, Any]:
    """A window as `aqgt_training.corpora.shards` gives it.

    Members are loaded as plain tensors and values (``weights_only``); the poses are the positions, so that no
    mean is needed. A speaker who is not in ``speakers`` is number 0.

    Raises:
        AqgtError: a member is missing, damaged, or holds more than plain values.
    """
    found = {
        name.removesuffix(_SUFFIX): _load(data, f"{where}.{name}")
        for name, data in members.items()
        if name.endswith(_SUFFIX)
    }
    try:
        window: dict[str, Any] = {
            ours: _squeezed(_array(found[theirs]), _DIMENSIONS[ours]) for theirs, ours in _FEATURES.items()
        }
        positions = _array(found["poses_seq"]).reshape(-1, skeleton.N_JOINTS, 3)
    except (KeyError, ValueError, TypeError) as error:
        raise AqgtError(
            f"The window {where} is incomplete ({error}).", "Leave it out.", "bad-shard"
        ) from error
    vectors = skeleton.bone_vectors_from_positions(positions)
    aux = found.get("aux_info")
    name = _first(aux.get("vid")) if isinstance(aux, Mapping) else None
    frame = _first(aux.get("start_frame_no")) if isinstance(aux, Mapping) else None
    return {
        **window,
        "bone_vectors": vectors.astype(np.float32),
        "annotations": _annotations(found.get("annotations"), len(vectors)),
        "clip": str(name or ""),
        "frame": int(frame) if frame is not None else 0,
        "speaker": speakers.get(str(name), 0),
    }


def _load(data: bytes, where: str) -> Any:
    core = np.core.multiarray if np.__version__ < "2" else np._core.multiarray  # type: ignore[attr-defined]
    plain: list[Any] = [
        *((core._reconstruct, f"numpy.{name}.multiarray._reconstruct") for name in ("core", "_core")),
        *((core.scalar, f"numpy.{name}.multiarray.scalar") for name in ("core", "_core")),
        np.ndarray,
        np.dtype,
        *(type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8")),
    ]
    try:
        with torch.serialization.safe_globals(plain):
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged or hostile member makes the unpickler stumble over
        raise AqgtError(
            f"The member {where} is damaged or holds more than plain values.", "Leave it out.", "bad-shard"
        ) from error


def _array(value: Any) -> NDArray[Any]:
    array = value.numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    return array.astype(np.float32)


def _squeezed(array: NDArray, dimensions: int) -> NDArray:
    """Without the batch dimension of one that some members have."""
    while array.ndim > dimensions and array.shape[0] == 1:
        array = array[0]
    if array.ndim != dimensions:
        raise ValueError(f"an array has the shape {array.shape}")
    return array


def _annotations(value: Any, n_frames: int) -> NDArray[np.float32]:
    if value is not None and np.ndim(value) >= 2:
        array = _squeezed(_array(value), 2)
        if array.shape == (N_CHANNELS, n_frames):
            return array
    return np.full((N_CHANNELS, n_frames), UNKNOWN, np.float32)


def _first(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return _first(value[0]) if value else None
    return value.reshape(-1)[0].item() if isinstance(value, torch.Tensor) and value.numel() else value
