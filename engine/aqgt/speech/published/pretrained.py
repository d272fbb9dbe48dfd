# SPDX-License-Identifier: GPL-3.0-or-later
"""wav2vec2 and BERT by the package `transformers`, from a folder or the Hugging Face hub.

They are loaded when they are first needed: describing or importing a model takes neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aqgt.errors import AqgtError
from aqgt.models.frozen import Precision, freeze

_LONGEST = 500
"""Tokens of a sentence that are read, the two that frame it included."""
_WINDOWS_AT_ONCE = 4
"""As many share each reading of the transformer's weights; more are no faster."""
_TRAINING_ONLY = ("masked_spec_embed", "position_ids")
"""Weights that published files lack and that inference never reads."""


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
        tokens: size of the vocabulary that is wanted.
        precision: see `aqgt.models.frozen`.
    """

    def __init__(
        self, source: str, device: str = "cpu", tokens: int = 32, precision: Precision = "exact"
    ) -> None:
        self.source, self.device, self.tokens, self.precision = source, device, tokens, precision
        self._model: Any = None

    def logits(self, windows: NDArray[Any]) -> NDArray[np.float32]:
        """Logits `[W, frames, tokens]` of windows `[W, N]` of mean 0 and variance 1."""
        if self._model is None:
            model: Any = freeze(self._load().float().eval(), self.precision)
            model.wav2vec2.feature_extractor = _OneByOne(model.wav2vec2.feature_extractor)
            self._model = model.to(self.device)
        sound = torch.from_numpy(np.asarray(windows, np.float32))
        with torch.inference_mode():
            found = [
                self._model(few.to(self.device)).logits.float().cpu() for few in sound.split(_WINDOWS_AT_ONCE)
            ]
        return torch.cat(found).numpy()

    def _load(self) -> Any:
        with _problems_of(self.source, "speech recogniser wav2vec2", "wav2vec2"):
            from transformers import Wav2Vec2ForCTC

            model = _complete(Wav2Vec2ForCTC, self.source)
            _same(model.config.vocab_size, self.tokens, "tokens in its vocabulary")
        return model


class Bert:
    """Sentence vectors: the pooled output of BERT.

    Args:
        source: folder in the format of `transformers`, its ``vocab.txt`` or ``tokenizer.json`` included, or a
            name on the hub.
        device: where it runs.
        width: length of a vector that is wanted.
        precision: see `aqgt.models.frozen`.
    """

    def __init__(
        self, source: str, device: str = "cpu", width: int = 768, precision: Precision = "exact"
    ) -> None:
        self.source, self.device, self.width, self.precision = source, device, width, precision
        self._model: Any = None
        self._tokenizer: Any = None

    def vectors(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Vectors `[W, D]`; of a sentence longer than 500 tokens the beginning is read."""
        if self._model is None:
            self._tokenizer, model = self._load()
            self._model = freeze(model.float().eval(), self.precision).to(self.device)
        tokens = self._tokenizer(
            list(sentences), padding=True, truncation=True, max_length=_LONGEST, return_tensors="pt"
        ).to(self.device)
        with torch.inference_mode():
            found = self._model(**tokens).pooler_output
        return found.float().cpu().numpy()

    def _load(self) -> tuple[Any, Any]:
        with _problems_of(self.source, "language model BERT", "bert"):
            from transformers import BertModel, BertTokenizer

            tokenizer = BertTokenizer.from_pretrained(self.source, trust_remote_code=False)
            model = _complete(BertModel, self.source)
            _same(model.config.hidden_size, self.width, "numbers in a sentence's vector")
            # Without its word list a tokenizer is made all the same, which knows no word.
            _same(len(tokenizer), model.config.vocab_size, "words in its list")
        return tokenizer, model


class _OneByOne(nn.Module):
    """wav2vec2's convolutions, whose results take 60 MiB for each window and share hardly any weights."""

    def __init__(self, convolutions: nn.Module) -> None:
        super().__init__()
        self.convolutions = convolutions

    def forward(self, windows: Tensor) -> Tensor:
        """`[W, N]` → `[W, C, frames]`."""
        return torch.cat([self.convolutions(window) for window in windows.split(1)])


def _complete(kind: Any, source: str) -> Any:
    """A network all of whose weights were found.

    Raises:
        ValueError: some are not in the files; `transformers` itself would draw them at random.
    """
    model, loading = kind.from_pretrained(source, trust_remote_code=False, output_loading_info=True)
    missing = sorted(name for name in loading["missing_keys"] if not name.endswith(_TRAINING_ONLY))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ValueError(f"its weights lack {missing[0]}{more}")
    return model


def _same(found: int, wanted: int, what: str) -> None:
    if found != wanted:
        raise ValueError(f"it has {found} {what}, not {wanted}")


@contextmanager
def _problems_of(source: str, what: str, option: str) -> Iterator[None]:
    try:
        yield
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
