# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from aqgt.errors import AqgtError
from aqgt.speech import file_hashes


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    return tmp_path / "cache"


def _hashes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were read for their hash."""
    read: list[Path] = []
    original = file_hashes._hash

    def counting(path: Path) -> str:
        read.append(path)
        return original(path)

    monkeypatch.setattr(file_hashes, "_hash", counting)
    return read


def test_small_files_are_hashed_each_time(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    assert file_hashes.file_sha256(tmp_path / "a") == hashlib.sha256(b"hello").hexdigest()
    assert not cache.exists()


def test_large_files_are_read_once_and_again_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_hashes, "_LARGE", 4)
    read = _hashes(monkeypatch)
    file = tmp_path / "a"
    file.write_bytes(b"hello")
    assert {file_hashes.file_sha256(file) for _ in range(3)} == {hashlib.sha256(b"hello").hexdigest()}
    assert len(read) == 1
    file.write_bytes(b"other")
    os.utime(file, ns=(1, 1))
    assert file_hashes.file_sha256(file) == hashlib.sha256(b"other").hexdigest()
    assert len(read) == 2


def test_a_damaged_memory_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_hashes, "_LARGE", 4)
    (tmp_path / "a").write_bytes(b"hello")
    wanted = file_hashes.file_sha256(tmp_path / "a")
    for text in ("{", "[1]", '{"%s": 3}' % (tmp_path / "a")):
        file_hashes._store().write_text(text)
        assert file_hashes.file_sha256(tmp_path / "a") == wanted


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="can't be read"):
        file_hashes.file_sha256(tmp_path / "none")
