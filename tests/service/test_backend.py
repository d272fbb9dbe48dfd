# SPDX-License-Identifier: GPL-3.0-or-later
"""The real backend, without an engine around it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aqgt.errors import AqgtError
from aqgt.generation import generate
from aqgt.models.registry import load_model
from aqgt.protocol import messages
from aqgt.service import batch
from aqgt.service.backend import JobCancelled, ModelBackend
from aqgt.service.config import EngineConfig
from aqgt.service.memory import weight_bytes
from aqgt.service.shelf import ModelShelf


def test_a_broken_model_is_left_out_and_the_others_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.yaml").write_text("name: broken\nwidht: 3\n")
    monkeypatch.setenv("AQGT_MODELS", str(tmp_path))
    backend = ModelBackend(EngineConfig(device="cpu", models=("broken", "debug")))
    with caplog.at_level(logging.WARNING):
        _, models = backend.describe()
    assert [model.name for model in models] == ["debug"]
    assert "widht" in caplog.text


class Recorder:
    """A task that writes down what becomes of it."""

    def __init__(self, seconds: float, seed: int = 0, stop_after: int | None = None, **more: Any) -> None:
        noise = np.random.default_rng(seed).standard_normal(round(seconds * messages.SAMPLE_RATE))
        self.request: Any = messages.GenerateRequest(
            (0.1 * noise).astype(np.float32), model="debug", seed=seed, **more
        )
        self.windows: list[int] = []
        self.result: Any = None
        self.error: Exception | None = None
        self.stop_after = stop_after

    @property
    def over(self) -> bool:
        return self.result is not None or self.error is not None

    def is_cancelled(self) -> bool:
        return self.stop_after is not None and len(self.windows) >= self.stop_after

    def report(self, progress: messages.Progress) -> None:
        self.windows.append(progress.window)

    def finish(self, result: Any) -> None:
        if not self.over:
            self.result = result

    def fail(self, error: Exception) -> None:
        if not self.over:
            self.error = error


def test_a_batch_gives_each_job_what_it_gives_alone() -> None:
    model = load_model("debug")
    tasks = [Recorder(3.0, 1), Recorder(9.5, 2, variants=2), Recorder(0.4, 3)]
    batch.run_batch(tasks, model)
    for task in tasks:
        alone = generate(task.request, model)
        for made, right in zip(task.result.motions, alone.motions, strict=True):
            assert np.abs(made.bone_vectors - right.bone_vectors).max() <= 1e-5
        assert task.windows == list(range(1, len(task.windows) + 1))
        assert not task.result.provenance[0].deterministic
    alone_task = Recorder(3.0, 1)
    batch.run_batch([alone_task], model)
    assert alone_task.result.provenance[0].deterministic


def test_who_gives_up_or_is_refused_in_a_batch_leaves_the_others_alone() -> None:
    model = load_model("debug")
    tasks = [Recorder(60.0, 1, stop_after=3), Recorder(40.0, 2), Recorder(3.0, 3, speaker=99)]
    batch.run_batch(tasks, model)
    assert isinstance(tasks[0].error, JobCancelled)
    assert len(tasks[0].windows) < 12, "it is dropped before the next eight windows"
    assert isinstance(tasks[2].error, AqgtError)
    right = generate(tasks[1].request, model).motions[0].bone_vectors
    assert np.abs(tasks[1].result.motions[0].bone_vectors - right).max() <= 1e-5
    lonely = Recorder(60.0, 1, stop_after=1)
    batch.run_batch([lonely], model)
    assert isinstance(lonely.error, JobCancelled)
    assert len(lonely.windows) == 1, "nobody is left: it stops after its window"


def test_a_batch_that_fails_is_run_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    real = batch.generation.run_windows

    def too_much(jobs: Any, *arguments: Any, **more: Any) -> None:
        if len(jobs) > 1:
            raise MemoryError
        real(jobs, *arguments, **more)

    monkeypatch.setattr(batch.generation, "run_windows", too_much)
    tasks = [Recorder(2.0, 1), Recorder(3.0, 2)]
    batch.run_batch(tasks, load_model("debug"))
    assert [len(task.result.motions[0]) for task in tasks] == [30, 45]


def test_the_model_used_longest_ago_makes_room() -> None:
    def mebibytes(count: float) -> Any:
        return {"weights": torch.zeros(round(count * 2**18))}

    loaded: list[str] = []

    def get(shelf: ModelShelf, name: str, size: float) -> None:
        shelf.get(name, lambda: loaded.append(name) or mebibytes(size))

    shelf = ModelShelf(2)
    for name in ("a", "b", "a", "c", "a"):
        get(shelf, name, 1)
    assert loaded == ["a", "b", "c"], "each is loaded once while it stays"
    assert shelf.names == ("c", "a")
    limited = ModelShelf(9, 10)
    for name, size in (("a", 4), ("b", 4), ("c", 4), ("huge", 50)):
        get(limited, name, size)
        expected = {"a": ("a",), "b": ("a", "b"), "c": ("b", "c"), "huge": ("huge",)}
        assert limited.names == expected[name]


def test_the_memory_of_a_model_is_that_of_its_weights() -> None:
    model = load_model("debug")
    generator = sum(tensor.nbytes for tensor in (*model.generator.parameters(), *model.generator.buffers()))
    assert generator <= weight_bytes(model) < 1.5 * generator + 2**20
    shared = torch.zeros(100)
    assert weight_bytes([shared, {"again": shared}, np.zeros(10, np.float32)]) == 440
