# SPDX-License-Identifier: GPL-3.0-or-later
"""Which number of threads a job gets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from aqgt import threads
from aqgt.service.backend import ModelBackend
from aqgt.service.config import EngineConfig


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def given(backend: ModelBackend, monkeypatch: pytest.MonkeyPatch, free: int, *, amplifies: bool) -> int:
    monkeypatch.setattr(threads, "free_cores", lambda: free)
    monkeypatch.setattr(threads, "_default_threads", lambda: 8)
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    backend._use_threads(amplifies=amplifies)
    return torch.get_num_threads()


def test_jobs_follow_the_free_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = ModelBackend(EngineConfig(device="cpu"))
    monkeypatch.setattr("aqgt.service.backend._LOOK_EVERY", 0.0)
    assert [given(backend, monkeypatch, free, amplifies=False) for free in (3, 1, 2)] == [3, 1, 2]
    monkeypatch.setattr("aqgt.service.backend._LOOK_EVERY", 60.0)
    assert given(backend, monkeypatch, 1, amplifies=False) == 2, "the last look is believed for a while"


def test_amplifying_models_keep_their_first_number(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = ModelBackend(EngineConfig(device="cpu"))
    assert given(backend, monkeypatch, 3, amplifies=True) == 3
    assert given(backend, monkeypatch, 1, amplifies=False) == 1
    assert given(backend, monkeypatch, 1, amplifies=True) == 3


def test_a_configured_number_always_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = ModelBackend(EngineConfig(device="cpu", threads=2))
    assert given(backend, monkeypatch, 7, amplifies=False) == 2
    assert given(backend, monkeypatch, 7, amplifies=True) == 2
