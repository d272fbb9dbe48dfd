# SPDX-License-Identifier: GPL-3.0-or-later
"""wav2vec2 and BERT by the package `transformers`, from a folder or the Hugging Face hub.

They are loaded when they are first needed: describing or importing a model takes neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.models.kernels import share
from aqgt.models.precision import Precision, reading

_LONGEST = 500
"""Tokens of a sentence that are read, the two that frame it included."""

_WINDOWS_AT_ONCE = 2
"""More at once are no faster, and the first layers' results take 60 MiB for each."""


def source_of(model_folder: Path, own: str, name: str) -> str:
    """Where a network lies: the sub-folder ``own`` of the model, a folder relative to it, or a hub's name."""
    for folder in (model_folder / own, model_folder / name):
        if (folder / "config.json").is_file():
            return str(folder)
    return name


class Wav2Vec2:
    """Speech recognition logits (wav2vec2 with a CTC head).

    Args:
        source: folder in the format of `transformers`, or a name on the hub.
        device: where it runs.
        precision: see `aqgt.models.precision`.
    """

    def __init__(self, source: str, device: str = "cpu", precision: Precision = "exact") -> None:
        self.source, self.device, self.precision = source, device, precision
        self._model: Any = None

    def logits(self, windows: NDArray[Any]) -> NDArray[np.float32]:
        """Logits `[W, frames, tokens]` of windows `[W, N]` of mean 0 and variance 1."""
        if self._model is None:
            self._model = self._load()
        sound = torch.from_numpy(np.asarray(windows, np.float32))
        with torch.inference_mode(), reading(self.precision, self.device):
            found = [
                self._model(few.to(self.device)).logits.float().cpu() for few in sound.split(_WINDOWS_AT_ONCE)
            ]
        return torch.cat(found).numpy()

    def _load(self) -> Any:
        def load(source: str) -> Any:
            from transformers import Wav2Vec2ForCTC

            return Wav2Vec2ForCTC.from_pretrained(source, trust_remote_code=False)

        model = _loaded(load, self.source, "speech recogniser wav2vec2", "wav2vec2")
        return share(model.float().to(self.device).eval())


class Bert:
    """Sentence vectors: the pooled output of BERT.

    Args:
        source: folder in the format of `transformers`, its ``vocab.txt`` or ``tokenizer.json`` included, or a
            name on the hub.
        device: where it runs.
        precision: see `aqgt.models.precision`.
    """

    def __init__(self, source: str, device: str = "cpu", precision: Precision = "exact") -> None:
        self.source, self.device, self.precision = source, device, precision
        self._model: Any = None
        self._tokenizer: Any = None

    def vectors(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Vectors `[W, D]`; of a sentence longer than 500 tokens the beginning is read."""
        if self._model is None:
            self._tokenizer, model = self._load()
            self._model = share(model.float().to(self.device).eval())
        tokens = self._tokenizer(
            list(sentences), padding=True, truncation=True, max_length=_LONGEST, return_tensors="pt"
        ).to(self.device)
        with torch.inference_mode(), reading(self.precision, self.device):
            found = self._model(**tokens).pooler_output
        return found.float().cpu().numpy()

    def _load(self) -> tuple[Any, Any]:
        def load(source: str) -> tuple[Any, Any]:
            from transformers import BertModel, BertTokenizer

            tokenizer = BertTokenizer.from_pretrained(source, trust_remote_code=False)
            return tokenizer, BertModel.from_pretrained(source, trust_remote_code=False)

        return _loaded(load, self.source, "language model BERT", "bert")


def _loaded(load: Callable[[str], Any], source: str, what: str, option: str) -> Any:
    try:
        return load(source)
    except ImportError as problem:
        raise AqgtError(
            f"The {what} needs the package transformers, which is not installed.",
            "Install it by: pip install 'aqgt[published]'.",
            "no-transformers",
        ) from problem
    except (OSError, ValueError) as problem:
        raise AqgtError(
            f"The {what} could not be loaded from “{source}”: {_first_line(problem)}.",
            f"Import the model with `aqgt models import … --{option} FOLDER`, or put that folder into the"
            f" model's own as “{option}”.",
            f"no-{option}",
        ) from problem


def _first_line(problem: BaseException) -> str:
    lines = str(problem).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(problem).__name__
