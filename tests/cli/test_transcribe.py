# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt transcribe`, with a stand-in for faster-whisper."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aqgt.formats.words_json import read_words


@pytest.fixture
def model(tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that the stand-in takes for a model."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    monkeypatch.syspath_prepend(str(checkout / "tests" / "speech" / "whisper_stub"))
    real = {name: module for name, module in sys.modules.items() if name.startswith("faster_whisper")}
    for name in real:
        del sys.modules[name]
    yield folder
    sys.modules.pop("faster_whisper", None)
    sys.modules.update(real)


def test_words_are_written_with_their_language(
    aqgt: Callable, voice: Path, model: Path, tmp_path: Path
) -> None:
    done = aqgt("transcribe", voice, "--whisper", model, "-o", tmp_path / "words.json")
    assert done.code == 0, done.err
    assert "5 words in “de”, by small" in done.err
    words = read_words(tmp_path / "words.json")
    assert [word.text for word in words] == ["Hello", "there", "my", "friend", "Bye."]
    assert {word.language for word in words} == {"de"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--whisper"),
        (("--whisper", "/nowhere"), "tokenizer.json"),
        (("--whisper", "MODEL", "--model", "large"), "small"),
        (("--whisper", "MODEL", "--language", "tlh"), "tlh"),
        (("--whisper", "MODEL", "--engine", "tcp://127.0.0.1:9"), "one of them"),
        (("--engine", "tcp://127.0.0.1:9"), "No engine listens"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    aqgt: Callable,
    voice: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.delenv("AQGT_WHISPER", raising=False)
    given = [str(model) if option == "MODEL" else option for option in options]
    done = aqgt("transcribe", voice, *given, "-o", tmp_path / "words.json")
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "words.json").exists()
