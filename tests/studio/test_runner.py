# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of made-up tasks: nothing twice, one failure stops nothing, what is killed gets one more try."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqgt.errors import AqgtError
from aqgt.studio.journal import Journal, Receipt, read_journal, read_receipt, write_receipt
from aqgt.studio.pool import Died, Ended, Event, LocalPool
from aqgt.studio.runner import Item, Outcome, Progress, run


def make_function(folder: Path) -> Callable[[Any, Any], Receipt]:
    """What the workers do: the name of a task says how it ends. Every attempt leaves a line in a file."""

    def function(task: str, progress: Callable[[float, str], None]) -> Receipt:
        with (folder / f"{task}.attempts").open("a") as file:
            file.write("x")
        attempt = (folder / f"{task}.attempts").stat().st_size
        progress(0.5, "half")
        kind = task.partition("-")[0]
        if kind == "bad":
            raise AqgtError("It is broken.", "Mend it.", "broken")
        if kind == "bug":
            raise ZeroDivisionError("by zero")
        if kind == "crash" and attempt == 1:
            raise AqgtError("Blender was ended.", "", "blender-crash")
        if kind == "killed" or (kind == "shaken" and attempt == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "exits":
            os._exit(3)
        if kind == "slow":
            time.sleep(1000)  # longer than any test may take
        output = folder / f"{task}.out"
        output.write_text(task)
        receipt = Receipt(task, {"npz": (str(output), len(task))}, {"frames": 1})
        write_receipt(folder / ".aqgt-batch", receipt)
        return receipt

    return function


def do(folder: Path, names: list[str], seen: list[Progress] | None = None) -> dict[str, Outcome]:
    # What is allowed counts from a worker's start, which takes a while on a busy machine.
    items = [Item(name, name, name, 8.0 if name.startswith("slow") else 200.0) for name in names]
    with Journal(folder) as journal:
        outcomes = run(
            items,
            lambda n_left: LocalPool(make_function, folder, min(2, n_left), 1),
            journal,
            None if seen is None else (lambda progress: seen.append(progress)),
        )
    assert [outcome.name for outcome in outcomes] == names
    return {outcome.name: outcome for outcome in outcomes}


def attempts(folder: Path, name: str) -> int:
    return (folder / f"{name}.attempts").stat().st_size


def test_every_task_ends_as_it_should(tmp_path: Path) -> None:
    names = [
        "good-1",
        "bad-1",
        "killed-1",
        "bug-1",
        "shaken-1",
        "crash-1",
        "exits-1",
        *(f"good-{k}" for k in range(2, 12)),
    ]
    outcomes = do(tmp_path, names)
    assert {name: outcome.state for name, outcome in outcomes.items()} == {
        name: "failed" if name.partition("-")[0] in ("bad", "killed", "bug", "exits") else "done"
        for name in names
    }
    tries = {"good": 1, "bad": 1, "bug": 1, "killed": 2, "shaken": 2, "crash": 2, "exits": 2}
    assert {kind: attempts(tmp_path, f"{kind}-1") for kind in tries} == tries
    assert outcomes["bad-1"].error is not None
    assert (outcomes["bad-1"].error.sentence, outcomes["bad-1"].error.code) == ("It is broken.", "broken")
    assert "ended by SIGKILL. That happened 2 times." in str(outcomes["killed-1"].error)
    assert "ended with code 3" in str(outcomes["exits-1"].error)
    assert "ZeroDivisionError" in str(outcomes["bug-1"].error)


def test_a_task_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    outcomes = do(tmp_path, ["slow-1", "good-1"])
    assert outcomes["slow-1"].error is not None
    assert outcomes["slow-1"].error.code == "timeout"
    assert outcomes["good-1"].state == "done"
    assert attempts(tmp_path, "slow-1") == 1


def test_nothing_is_done_twice(tmp_path: Path) -> None:
    names = [f"good-{k}" for k in range(5)]
    do(tmp_path, names[:3])
    outcomes = do(tmp_path, [*names, "bad-1"])
    assert [outcomes[name].state for name in names] == ["kept"] * 3 + ["done"] * 2
    assert {attempts(tmp_path, name) for name in names} == {1}
    again = do(tmp_path, [*names, "bad-1"])
    assert attempts(tmp_path, "bad-1") == 2, "what failed is tried again by the next run"
    assert [again[name].state for name in names] == ["kept"] * 5


def test_a_result_that_has_gone_or_changed_is_made_again(tmp_path: Path) -> None:
    do(tmp_path, ["good-1", "good-2", "good-3"])
    (tmp_path / "good-1.out").unlink()
    (tmp_path / "good-2.out").write_text("something else")
    outcomes = do(tmp_path, ["good-1", "good-2", "good-3"])
    assert [outcome.state for outcome in outcomes.values()] == ["done", "done", "kept"]


def test_no_pool_is_made_where_nothing_is_left(tmp_path: Path) -> None:
    do(tmp_path, ["good-1"])
    with Journal(tmp_path) as journal:
        (outcome,) = run(
            [Item("good-1", "good-1", None)], lambda n: pytest.fail("no pool is needed"), journal
        )
    assert outcome.state == "kept"


def test_progress_counts_up_to_all(tmp_path: Path) -> None:
    seen: list[float] = []
    items = [Item(f"good-{k}", f"good-{k}", f"good-{k}") for k in range(6)]
    with Journal(tmp_path) as journal:
        run(
            items, lambda n: LocalPool(make_function, tmp_path, 2, 1), journal, lambda p: seen.append(p.share)
        )
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert all(0 <= share <= 1 for share in seen)


def test_the_time_left_follows_the_speed_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Progress(total=10, kept=4, began=0.0)
    monkeypatch.setattr("time.monotonic", lambda: 20.0)
    assert progress.seconds_left is None
    progress.done = 2
    assert progress.seconds_left == pytest.approx(40.0)
    assert progress.share == pytest.approx(0.6)


class Scripted:
    """A pool that answers each submission with what the script says."""

    def __init__(self, script: dict[str, list[Event]]) -> None:
        self.script, self.queue = script, []

    def free(self) -> int:
        return 1 - len(self.queue)

    def submit(self, name: str, task: Any, timeout: float) -> None:
        self.queue.append(self.script[name].pop(0))

    def wait(self, seconds: float) -> list[Event]:
        events, self.queue = self.queue, []
        return events

    def close(self) -> None:
        self.queue = []


def test_a_worker_that_dies_before_it_begins_does_not_go_on_for_ever(tmp_path: Path) -> None:
    script = {"a": [Died("a", "it ended with code 1")] * 5, "b": [Ended("b", Receipt("b", {}))]}
    with Journal(tmp_path) as journal:
        a, b = run([Item("a", "a", None), Item("b", "b", None)], lambda n: Scripted(script), journal)
    assert (a.state, a.attempts, b.state) == ("failed", 2, "done")


def test_a_journal_that_a_kill_cut_is_read_and_continued(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.write("begun", "a")
    path = tmp_path / ".aqgt-batch" / "journal.jsonl"
    path.write_bytes(path.read_bytes() + b'{"event": "don')
    with Journal(tmp_path) as journal:
        journal.write("done", "b")
    assert [(line["event"], line["task"]) for line in read_journal(tmp_path)] == [
        ("begun", "a"),
        ("done", "b"),
    ]


def test_a_journal_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(AqgtError, match="Another batch is at work"), Journal(tmp_path):
        pass
    with Journal(tmp_path) as journal:
        journal.write("begun", "a")


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"key": "k"}', b'{"key": 1, "outputs": 3, "notes": []}']
)
def test_a_damaged_receipt_counts_as_none(damage: bytes, tmp_path: Path) -> None:
    write_receipt(tmp_path, Receipt("k", {}))
    assert read_receipt(tmp_path, "k") == Receipt("k", {})
    (tmp_path / "receipts" / "k.json").write_bytes(damage)
    assert read_receipt(tmp_path, "k") is None
