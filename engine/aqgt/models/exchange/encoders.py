# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies a speech recogniser or language model into a model's folder: no code, only data."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.formats.files import read_json, write_bytes
from aqgt.models.checkpoints import read_checkpoint
from aqgt.models.exchange.parts import as_safetensors, header_of

WEIGHTS, PICKLED_WEIGHTS = "model.safetensors", "pytorch_model.bin"
_COPIED = (
    "config.json", "preprocessor_config.json", "feature_extractor_config.json", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "tokenizer.json", "vocab.json", "vocab.txt",
)  # fmt: skip
_NEEDED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "wav2vec2": (),
    "bert": (("vocab.txt", "tokenizer.json"),),
}
"""Per encoder: of each group of files, one has to be there. Speech needs no vocabulary."""
_WEIGHTS_BEGIN = {"wav2vec2": ("wav2vec2.", "lm_head."), "bert": ("bert.", "embeddings.")}
"""Per encoder: how names of its weights begin; for BERT one of these, for wav2vec2 both."""


def copy_encoder(part: str, source: Path, target: Path) -> tuple[int, int, list[str]]:
    """Copies an encoder's folder.

    Args:
        part: ``wav2vec2`` or ``bert``.
        source: a folder in the format of `transformers`; pickled weights are read without running them.
        target: the folder to make.

    Returns:
        Number of weights, number of their values, names of files that were left out.

    Raises:
        AqgtError: a needed file is missing or damaged, or it is another network's folder.
    """
    check_encoder(part, source)
    target.mkdir()
    for name in _COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    state = _pickled(part, source) if not (source / WEIGHTS).is_file() else None
    if state is None:
        shutil.copyfile(source / WEIGHTS, target / WEIGHTS)
    else:
        write_bytes(target / WEIGHTS, as_safetensors(state))
    counts = _check_weights(part, target / WEIGHTS, source)
    taken = {*_COPIED, WEIGHTS, PICKLED_WEIGHTS}
    return *counts, sorted(path.name for path in source.iterdir() if path.name not in taken)


def check_encoder(part: str, source: Path) -> None:
    """Checks that a folder is that of the right network and whole, without reading its weights.

    Raises:
        AqgtError: a needed file is missing, or it is another network's folder.
    """
    if not source.is_dir():
        raise AqgtError(
            f"“{source}” is no folder.",
            f"Name the folder of the downloaded {part}, not a file in it.",
            "no-file",
        )
    groups = [("config.json",), *_NEEDED[part], (WEIGHTS, PICKLED_WEIGHTS)]
    missing = [group for group in groups if not any((source / name).is_file() for name in group)]
    if missing:
        names = ", ".join(" or ".join(group) for group in missing)
        raise AqgtError(
            f"The folder “{source}” of {part} lacks {names}.", "Download it again, all files.", "no-file"
        )
    config = read_json(source / "config.json")
    kind = config.get("model_type") if isinstance(config, dict) else None
    if kind != part:
        raise AqgtError(
            f"The folder “{source}” holds a network of the type {kind!r}, not {part}.",
            f"Give the folder of the {part}.",
            "wrong-network",
        )


def _pickled(part: str, source: Path) -> Mapping[str, Tensor]:
    state = read_checkpoint(source / PICKLED_WEIGHTS)
    wrong = [
        str(name)
        for name, value in state.items()
        if not (isinstance(name, str) and isinstance(value, Tensor))
    ]
    if wrong:
        raise AqgtError(
            f"The file {source / PICKLED_WEIGHTS} holds other things than the weights of {part}.",
            "Download it again.",
            "wrong-checkpoint",
        )
    return state


def _check_weights(part: str, path: Path, source: Path) -> tuple[int, int]:
    names, n_values = header_of(path)
    begins = [any(name.startswith(begin) for name in names) for begin in _WEIGHTS_BEGIN[part]]
    if not (all(begins) if part == "wav2vec2" else any(begins)):
        raise AqgtError(
            f"The weights in “{source}” are not those of {part}.",
            f"Give the folder of the {part} with its weights.",
            "wrong-network",
        )
    return len(names), n_values
