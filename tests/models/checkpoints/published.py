# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as the published ones are, made here, and pickles that try to run something."""

from __future__ import annotations

import argparse
import io
import pickle
import sys
import types
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

SPEAKERS = {"A talk about bees": 1, "Über Brücken": 2}


@contextmanager
def a_class(module: str, name: str, *bases: type) -> Iterator[type]:
    """A class of that name that can be pickled while the block runs, and is gone when the file is read."""
    parts = module.split(".")
    added = [".".join(parts[: n + 1]) for n in range(len(parts))]
    added = [part for part in added if part not in sys.modules]
    for part in added:
        sys.modules[part] = types.ModuleType(part)
    made = type(name, bases, {"__module__": module})
    setattr(sys.modules[module], name, made)
    try:
        yield made
    finally:
        for part in added:
            del sys.modules[part]


def vocabulary(cls: type, words: dict[str, int], vectors: Any = None) -> Any:
    """A vocabulary with the attributes of the published ones."""
    made = cls()
    made.__dict__.update(
        name="vocabulary", trimmed=False, word2index=dict(words), word2count=dict.fromkeys(words, 1),
        index2word={3: "<UNK>", **{index: word for word, index in words.items()}}, n_words=len(words) + 1,
        word_embedding_weights=vectors,
    )  # fmt: skip
    return made


def weights(seed: int = 0) -> OrderedDict[str, torch.Tensor]:
    """Some tensors: shared, transposed, of several types, and one of no size."""
    torch.manual_seed(seed)
    shared = torch.randn(4, 6)
    return OrderedDict(
        {
            "anno_GRU.weight_ih_l0": torch.randn(3, 5),
            "tied.a": shared,
            "tied.b": shared.t()[1:],
            "norm.num_batches_tracked": torch.tensor(7),
            "half": torch.randn(9).half(),
            "parameter": torch.nn.Parameter(torch.randn(3)),
            "dummy_param": torch.empty(0),
        }
    )


def checkpoint(vocab: type) -> dict[str, Any]:
    """The entries of a published generator's checkpoint."""
    state = weights()
    state._metadata = OrderedDict([("", {"version": 1})])  # type: ignore[attr-defined]
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {
        "args": argparse.Namespace(epochs=3, mean_dir_vec=None, name=["a"], loss=np.float32(0.5)),
        "epoch": 12,
        "lang_model": vocabulary(vocab, {"<PAD>": 0, "hi": 4}, np.ones((2, 300), np.float32)),
        "speaker_model": vocabulary(vocab, SPEAKERS),
        "pose_dim": 159,
        "gen_dict": state,
        "dis_dict": weights(1),
        "gen_opt_dict": optimizer.state_dict(),
        "extra": defaultdict(list, {"x": [np.arange(3), np.array(["a", "bc"])]}),
        "device": torch.device("cuda:0"),
        "tags": {"a", "b"},
        "number": np.float64(3.5),
    }


def save_checkpoint(
    path: Path, *, module: str = "model.vocab", zipped: bool = True, cuda: bool = False
) -> None:
    """A generator's checkpoint, its class gone afterwards; ``cuda``: saved from a GPU, as the tags say."""
    with a_class(module, "Vocab") as vocab:
        blob = io.BytesIO()
        with tagged_as_cuda() if cuda else nullcontext():
            torch.save(checkpoint(vocab), blob, _use_new_zipfile_serialization=zipped)
    path.write_bytes(blob.getvalue())


@contextmanager
def tagged_as_cuda() -> Iterator[None]:
    """torch says of every storage it saves that it lies on a GPU."""
    original = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: "cuda:0"  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.serialization.location_tag = original


def same(one: Any, other: Any) -> bool:
    """Equal names, shapes, types and values."""
    return list(one) == list(other) and all(
        one[name].dtype == other[name].dtype and torch.equal(one[name], other[name]) for name in one
    )


def zip_with(path: Path, pickled: bytes) -> None:
    """An archive as torch makes them, with that pickle in place of its own."""
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/data/0", bytes(16))


def legacy_with(path: Path, pickled: bytes) -> None:
    """A stream as older torch made them, with that pickle in place of its own."""
    header = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    path.write_bytes(b"".join(pickle.dumps(part, 2) for part in header) + pickled + pickle.dumps([], 2))
