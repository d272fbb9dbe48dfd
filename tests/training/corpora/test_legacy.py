# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of pyarrow 0.14: recorded ones, damaged ones."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import time
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqgt.errors import AqgtError
from aqgt_training.corpora.legacy import deserialize

SHARED = Path(os.environ.get("AQGT_SHARED") or Path(__file__).resolve().parents[4] / "shared")
FOLDER = SHARED / "vectors" / "evaluation" / "legacy_lmdb"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there is no folder {FOLDER}")


def equal(value: Any, wanted: Any) -> bool:
    """Whether a value is what its JSON form says: arrays, tuples and bytes are marked there."""
    if isinstance(wanted, dict) and "__nd__" in wanted:
        array = np.asarray(wanted["__nd__"], wanted["dtype"])
        return (
            isinstance(value, np.ndarray)
            and value.dtype == array.dtype
            and value.shape == array.shape
            and np.array_equal(value, array)
        )
    if isinstance(wanted, dict) and "__tuple__" in wanted:
        return isinstance(value, tuple) and equal(list(value), wanted["__tuple__"])
    if isinstance(wanted, dict) and "__bytes__" in wanted:
        return value == bytes(wanted["__bytes__"])
    if isinstance(wanted, dict):
        return (
            isinstance(value, dict)
            and value.keys() == wanted.keys()
            and all(equal(value[key], wanted[key]) for key in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and len(value) == len(wanted) and all(map(equal, value, wanted))
    return type(value) is type(wanted) and value == wanted


def primitives() -> dict[str, Any]:
    return json.loads((FOLDER / "prim_expected.json").read_text()) if FOLDER.is_dir() else {}


@pytest.mark.parametrize("name", primitives())
def test_single_values(name: str) -> None:
    assert equal(deserialize((FOLDER / f"prim_{name}.arrow014").read_bytes()), primitives()[name])


def test_clip_database() -> None:
    wanted = json.loads(gzip.decompress((FOLDER / "records_expected.json.gz").read_bytes()))
    with lmdb.open(str(FOLDER / "clips"), readonly=True, lock=False) as database, database.begin() as view:
        found = {str(int(key)): deserialize(value) for key, value in view.cursor()}
    assert found.keys() == wanted.keys()
    assert all(equal(found[key], wanted[key]) for key in wanted)


def test_fifty_megabytes_a_second() -> None:
    """Of processor time, the best of a few runs: 190 where this was written."""
    with lmdb.open(str(FOLDER / "clips"), readonly=True, lock=False) as database, database.begin() as view:
        records = [bytes(value) for _, value in view.cursor()]
    seconds = []
    for _ in range(8):
        began = time.process_time()
        for record in records:
            deserialize(record)
        seconds.append(time.process_time() - began)
    assert sum(map(len, records)) / 1e6 / min(seconds) > 50


def test_arrays_may_be_written_to() -> None:
    array = deserialize((FOLDER / "prim_nd_f64.arrow014").read_bytes())
    array[0] = 1.0  # neither an error nor a change of the record


@pytest.mark.parametrize("name", ["list", "nested", "dict", "nd_i64"])
def test_a_record_cut_off_is_refused_or_whole(name: str) -> None:
    data = (FOLDER / f"prim_{name}.arrow014").read_bytes()
    whole = primitives()[name]
    for length in range(len(data)):
        with contextlib.suppress(AqgtError):
            assert equal(deserialize(data[:length]), whole)  # what is missing was padding


@given(st.data())
def test_changed_bytes_never_do_more_than_fail(data: st.DataObject) -> None:
    record = bytearray((FOLDER / "prim_nested.arrow014").read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        record[data.draw(st.integers(0, len(record) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(AqgtError):
        deserialize(bytes(record))


def test_something_else_is_refused() -> None:
    for data in (b"", b"\x80\x03}q\x00.", bytes(1000), b"PAR1" * 100):
        with pytest.raises(AqgtError):
            deserialize(data)
