# SPDX-License-Identifier: GPL-3.0-or-later
"""Files cut off, altered or made of anything: each is read or refused with a sentence, and nothing else."""

from __future__ import annotations

import io
import pickle
import pickletools
import random
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aqgt.errors import AqgtError
from aqgt.models.checkpoint_files import read_object
from aqgt.models.checkpoints import read_checkpoint, state_dict_of
from tests.models.checkpoints import published


def blob(tmp_path: Path, kind: str) -> bytes:
    path = tmp_path / "whole"
    if kind == "plain":
        path.write_bytes(pickle.dumps({"a": np.ones((53, 3)), "b": ["text", 1.5]}))
    else:
        published.save_checkpoint(path, zipped=kind == "zip")
    read_checkpoint(path)
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["zip", "legacy", "plain"])
def test_cut_off_anywhere(tmp_path: Path, kind: str) -> None:
    whole = blob(tmp_path, kind)
    cuts = random.Random(0).sample(range(len(whole)), 150) + [
        0,
        1,
        2,
        3,
        4,
        5,
        len(whole) - 1,
        len(whole) - 2,
    ]
    path = tmp_path / "cut.ckpt"
    for cut in cuts:
        path.write_bytes(whole[:cut])
        with pytest.raises(AqgtError, match=r"cut\.ckpt"):
            read_checkpoint(path)


def test_cut_off_in_the_size_of_an_empty_storage(tmp_path: Path) -> None:
    path = tmp_path / "empty.ckpt"
    torch.save({"gen_dict": {"dummy_param": torch.empty(0)}}, path, _use_new_zipfile_serialization=False)
    read_checkpoint(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AqgtError, match=r"empty\.ckpt"):
        read_checkpoint(path)


@pytest.mark.parametrize("kind", ["zip", "legacy", "plain"])
def test_altered_anywhere(tmp_path: Path, kind: str) -> None:
    whole, generator = blob(tmp_path, kind), random.Random(1)
    path = tmp_path / "altered"
    for _ in range(250):
        altered = bytearray(whole)
        for _ in range(generator.choice([1, 1, 4])):
            altered[generator.randrange(len(whole))] = generator.randrange(256)
        path.write_bytes(altered)
        only_read_or_refused(path)


def test_an_altered_weight_is_noticed_in_an_archive(tmp_path: Path) -> None:
    whole = bytearray(blob(tmp_path, "zip"))
    data = published.weights()["tied.a"].numpy().tobytes()
    whole[whole.index(data) + 5] ^= 1
    (tmp_path / "altered").write_bytes(whole)
    with pytest.raises(AqgtError, match=r"data/\d+ is damaged"):
        read_checkpoint(tmp_path / "altered")


def only_read_or_refused(path: Path) -> None:
    sentence = ""
    try:
        read_object(path)
    except AqgtError as refused:
        sentence = refused.sentence
    assert not sentence or sentence.startswith("The file ")
    assert len(sentence) < 600
    assert sentence.isprintable()


def only_read_or_refused_bytes(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        for write in (Path.write_bytes, published.zip_with, published.legacy_with):
            write(path, content)
            only_read_or_refused(path)


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes(content: bytes) -> None:
    only_read_or_refused_bytes(content)


PIECES = [
    *(opcode.code.encode("latin1") for opcode in pickletools.opcodes if opcode.arg is None),
    b"K\x01", b"cos\nsystem\n", b"cargparse\nNamespace\n", b"ccollections\nOrderedDict\n", b"X\x01\0\0\0a",
    b"cnumpy\ndtype\n", b"X\x02\0\0\0f4", b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\nndarray\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch\nFloatStorage\n", b"X\x07\0\0\0storage",
    b"X\x01\0\0\x000", b"h\x00", b"q\x00", b"q\x01", b"h\x01", b"C\x04abcd", b"ccopyreg\n_reconstructor\n",
    b"cbuiltins\nset\n", b"c_codecs\nencode\n", b"ios\nsystem\n", b"J\xff\xff\xff\xff",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_instructions(pieces: list[bytes]) -> None:
    only_read_or_refused_bytes(b"".join(pieces) + b".")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"GIF89a",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"<!DOCTYPE html>",
        bytes(99),
    ],
)
def test_other_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(AqgtError, match=r"The file .*other"):
        read_checkpoint(path)


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(AqgtError, match="can't be read"):
            read_checkpoint(path)


def rewritten(change: Callable[[str, bytes], bytes | None], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A checkpoint's archive, its parts changed."""
    before, after = io.BytesIO(), io.BytesIO()
    torch.save({"gen_dict": {"a": torch.arange(4.0)}}, before)
    with zipfile.ZipFile(before) as old, zipfile.ZipFile(after, "w", compression) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return after.getvalue()


def test_archives_that_are_not_torchs(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    path.write_bytes(rewritten(lambda name, content: content))
    assert state_dict_of(read_checkpoint(path), "generator")["a"].tolist() == [0, 1, 2, 3]
    wrong = {
        "compressed": rewritten(lambda name, content: content, zipfile.ZIP_DEFLATED),
        "not one of torch": rewritten(lambda name, content: None if name.endswith("data.pkl") else content),
        "cut off": rewritten(lambda name, content: content[:8] if name.endswith("data/0") else content),
        "data/0": rewritten(lambda name, content: None if name.endswith("data/0") else content),
        "highest byte first": rewritten(
            lambda name, content: b"big" if name.endswith("byteorder") else content
        ),
    }
    for reason, content in wrong.items():
        path.write_bytes(content)
        with pytest.raises(AqgtError, match=reason):
            read_checkpoint(path)
