# SPDX-License-Identifier: GPL-3.0-or-later
"""How many threads the networks get."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aqgt import threads


def test_a_wish_goes_first_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "free_cores", lambda: 5)
    monkeypatch.setenv(threads.VARIABLE, "3")
    assert threads.choose_threads(7) == 7
    assert threads.choose_threads() == 3
    for unusable in ("", "0", "many", "-2"):
        monkeypatch.setenv(threads.VARIABLE, unusable)
        assert threads.choose_threads() == 5


@pytest.mark.parametrize(
    ("online", "allowed", "busy", "free"),
    [(2, 2, 0, 2), (2, 2, 1, 1), (2, 2, 9, 1), (16, 4, 3, 4), (16, 16, 3, 13), (1, 1, 0, 1)],
)
def test_busy_cores_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, online: int, allowed: int, busy: int, free: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: online)
    monkeypatch.setattr(threads, "allowed_cores", lambda: allowed)
    monkeypatch.setattr(threads, "busy_cores", lambda: busy)
    assert threads.free_cores() == free


def test_limit_of_a_container(tmp_path: Path) -> None:
    unlimited = threads.allowed_cores(tmp_path)
    assert unlimited >= 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert threads.allowed_cores(tmp_path) == unlimited
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert threads.allowed_cores(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert threads.allowed_cores(tmp_path) == 1
    (tmp_path / "cpu.max").unlink()
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert threads.allowed_cores(tmp_path) == unlimited


def test_threads_that_want_a_core(tmp_path: Path) -> None:
    loadavg = tmp_path / "loadavg"
    loadavg.write_text("0.10 2.00 3.00 4/210 4711\n")
    assert threads.busy_cores(loadavg) == 3
    loadavg.write_text("9.00 9.00 9.00 1/210 4711\n")
    assert threads.busy_cores(loadavg) == 0
    assert threads.busy_cores(tmp_path / "none") >= 0


@pytest.mark.skipif(not Path("/proc/loadavg").is_file(), reason="the system has no /proc/loadavg")
def test_a_busy_neighbour_is_noticed() -> None:
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        assert any(threads.busy_cores() >= 1 for _ in range(50))
    finally:
        neighbour.kill()
        neighbour.wait()


def test_torch_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    try:
        monkeypatch.delenv(threads.VARIABLE, raising=False)
        assert threads.use_threads(3) == torch.get_num_threads() == 3
        monkeypatch.setattr(threads, "free_cores", lambda: 1)
        assert threads.use_threads() == torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
