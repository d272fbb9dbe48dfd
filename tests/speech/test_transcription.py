# SPDX-License-Identifier: GPL-3.0-or-later
"""Transcribing with faster-whisper's interface: a stub gives the answers, the real package its signatures."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.protocol import messages
from aqgt.service.backend import JobCancelled, ModelBackend
from aqgt.service.config import EngineConfig
from aqgt.speech.transcription import Transcriber, transcribers

STUB = Path(__file__).parent / "whisper_stub"


def a_model(folder: Path, content: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "model.bin").write_bytes(content)
    return folder


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(STUB))
    real = {name: module for name, module in sys.modules.items() if name.startswith("faster_whisper")}
    for name in real:
        del sys.modules[name]
    yield
    sys.modules.pop("faster_whisper", None)
    sys.modules.update(real)


@pytest.fixture
def sound() -> np.ndarray:
    return (0.1 * np.sin(np.arange(48_000) * 0.1)).astype(np.float32)


def test_models_are_found_by_the_names_of_their_folders(tmp_path: Path, stub: None) -> None:
    a_model(tmp_path / "small")
    a_model(tmp_path / "base")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "model.bin").write_bytes(b"x")
    found = transcribers(tmp_path)
    assert list(found.models) == ["base", "small"]
    assert found.reason == ""
    assert found.choose("small") == ("small", tmp_path / "small")
    assert list(transcribers(tmp_path / "small").models) == ["small"]
    with pytest.raises(AqgtError, match="base, small"):
        found.choose("../small")


def test_what_is_missing_is_said(
    tmp_path: Path, stub: None, monkeypatch: pytest.MonkeyPatch, sound: np.ndarray
) -> None:
    monkeypatch.delenv("AQGT_WHISPER", raising=False)
    assert "--whisper" in transcribers().reason
    assert "tokenizer.json" in transcribers(tmp_path / "nowhere").reason
    model = a_model(tmp_path / "small")
    monkeypatch.setenv("AQGT_WHISPER", str(model))
    assert list(transcribers().models) == ["small"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    lacking = transcribers(model)
    assert "aqgt[transcribe]" in lacking.reason
    with pytest.raises(AqgtError, match="transcribe"):
        lacking.choose()


def test_words_come_with_times_and_those_without_are_marked(
    tmp_path: Path, stub: None, sound: np.ndarray
) -> None:
    shares: list[float] = []
    found = Transcriber("small", a_model(tmp_path / "small")).transcribe(sound, None, shares.append)
    assert found.language == "de"
    assert [word.text for word in found.words] == ["Hello", "there", "my", "friend", "Bye."]
    assert [word.estimated for word in found.words] == [False, True, True, True, False]
    assert all(a.end <= b.start + 1e-9 for a, b in zip(found.words, found.words[1:], strict=False))
    assert 0.4 <= found.words[1].start < found.words[1].end <= 1.0
    assert found.words[-1].end == 3.0, "no word may end after the sound"
    assert {word.language for word in found.words} == {"de"}
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_language_keeps_its_region(tmp_path: Path, stub: None, sound: np.ndarray) -> None:
    model = Transcriber("small", a_model(tmp_path / "small"))
    assert model.transcribe(sound, "en-GB").language == "en-GB"
    with pytest.raises(AqgtError, match="tlh"):
        model.transcribe(sound, "tlh")


def test_silence_and_broken_models_are_errors(tmp_path: Path, stub: None, sound: np.ndarray) -> None:
    model = Transcriber("small", a_model(tmp_path / "small"))
    sound[16_000:] = 0
    with pytest.raises(AqgtError, match="No speech"):
        model.transcribe(sound)
    with pytest.raises(AqgtError, match="Convert it again"):
        Transcriber("bad", a_model(tmp_path / "bad", b"broken"))


class Task:
    """One job of a backend; `stop` gives it up after the first report."""

    def __init__(self, request: object, stop: bool = False) -> None:
        self.request, self.stop = request, stop
        self.progress: list[messages.Progress] = []
        self.result: object = None
        self.over = False

    def is_cancelled(self) -> bool:
        return self.stop and bool(self.progress)

    def report(self, progress: messages.Progress) -> None:
        self.progress.append(progress)

    def finish(self, result: object) -> None:
        self.result = result

    def fail(self, error: Exception) -> None:
        raise error


def test_the_backend_reports_and_can_be_stopped(tmp_path: Path, stub: None, sound: np.ndarray) -> None:
    a_model(tmp_path / "small")
    backend = ModelBackend(EngineConfig(device="cpu", transcription=str(tmp_path)))
    task = Task(messages.TranscribeRequest(sound, "en"))
    backend.run([task])
    assert isinstance(task.result, messages.TranscribeResult)
    assert task.result.model == "small"
    assert [event.windows for event in task.progress] == [100, 100, 100]
    assert all(event.bone_vectors.shape == (0, 53, 3) for event in task.progress)
    with pytest.raises(JobCancelled):
        backend.run([Task(messages.TranscribeRequest(sound), stop=True)])
    with pytest.raises(AqgtError, match="large"):
        backend.run([Task(messages.TranscribeRequest(sound, model="large"))])


def test_aligning_reports_its_parts(checkout: Path) -> None:
    from aqgt.speech.audio import read_audio

    audio = read_audio(checkout / "examples" / "voice" / "sense_and_sensibility.wav")[: 16_000 * 8]
    text = (checkout / "examples" / "voice" / "sense_and_sensibility.txt").read_text().splitlines()[0]
    task = Task(messages.AlignRequest(audio, text))
    ModelBackend(EngineConfig(device="cpu")).run([task])
    parts = [event.window for event in task.progress]
    assert parts[0] == 0
    assert parts == sorted(parts)
    assert parts[-1] == 100
    assert len(parts) >= 3


def test_the_real_package_has_the_interface_of_the_stub() -> None:
    real = pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    specification = importlib.util.spec_from_file_location("stub", STUB / "faster_whisper" / "__init__.py")
    assert specification is not None
    assert specification.loader is not None
    stub = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(stub)
    for method in ("__init__", "transcribe"):
        wanted = inspect.signature(getattr(stub.WhisperModel, method)).parameters
        found = inspect.signature(getattr(real.WhisperModel, method)).parameters
        assert set(wanted) <= set(found), method
    for name in ("Word", "Segment", "TranscriptionInfo"):
        there = inspect.signature(getattr(real.transcribe, name)).parameters
        assert set(getattr(stub, name)._fields) <= set(there), name
