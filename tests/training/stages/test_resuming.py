# SPDX-License-Identifier: GPL-3.0-or-later
"""A training that was killed goes on as if nothing had happened: the same losses, the same weights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt_training.stages.core.feed import Batch
from tests.training.stages.conftest import SMALL, OpenStage


class KilledError(Exception):
    """Stands for whatever ends a training from one moment to the next."""


class DyingSource:
    """Batches of another source, of which one is never delivered."""

    def __init__(self, source: object, deadly: int) -> None:
        self.source, self.left = source, deadly
        self.batch_size = source.batch_size  # type: ignore[attr-defined]

    def epoch(self, seed: int, **options: object) -> Iterator[Batch]:
        for batch in self.source.epoch(seed, **options):  # type: ignore[attr-defined]
            if self.left == 0:
                raise KilledError
            self.left -= 1
            yield batch


def curve(folder: Path) -> list[dict[str, float]]:
    """What was logged at each step, and at each validation, without the clock's times."""
    rows = [json.loads(line) for name in ("curve.jsonl", "log.jsonl") for line in _lines(folder / name)]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []


def _same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("name", SMALL)
def test_the_curve_goes_on_as_it_would_have(small: OpenStage, name: str, tmp_path: Path) -> None:
    """With a checkpoint after step 4 and killed in step 6, a training does step 5 once more."""
    whole = small(name, "whole").trainer
    whole.run()

    first = small(name, "killed", checkpoint_steps=2).trainer
    first.source = DyingSource(first.source, 5)
    with pytest.raises(KilledError):
        first.run()
    assert not (tmp_path / "killed" / "curves.png").exists(), "it did not end by itself"
    torch.manual_seed(99)  # the random numbers of another process
    second = small(name, "killed", checkpoint_steps=2).trainer
    second.run()

    assert curve(tmp_path / "killed") == curve(tmp_path / "whole")
    assert _same(second.exported_state(), whole.exported_state())
    assert (tmp_path / "killed" / "curves.png").exists()


_PROGRAM = """
import sys
from pathlib import Path
from tests.training.stages.conftest import small_stage
small_stage(Path(sys.argv[1]), "pose-vq", Path(sys.argv[2]), checkpoint_steps=3, max_steps=400).trainer.run()
"""


def test_kill_9(chain: Path, small: OpenStage, tmp_path: Path) -> None:
    """A process of its own, killed where it happens to be, far beyond its first checkpoint."""
    folder = tmp_path / "killed"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(chain), str(folder)],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 240
    while len(_lines(folder / "curve.jsonl")) < 10 and time.monotonic() < deadline:
        assert process.poll() is None, "it ended by itself"
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    reached = len(_lines(folder / "curve.jsonl"))
    assert 10 <= reached < 390, "it was killed on its way"

    # What is left of it is a whole checkpoint, from which the same 400 steps are to be had.
    stop = reached + 6
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    assert state["position"]["step"] in range(3, reached + 2)
    program = {"checkpoint_steps": 3, "max_steps": 400, "epochs": None}
    resumed = small("pose-vq", "killed", **program).trainer
    before = state["position"]  # the batches of its epoch are passed over
    resumed.source = DyingSource(resumed.source, stop - before["step"] + before["batch"])
    with pytest.raises(KilledError):
        resumed.run()
    whole = small("pose-vq", "whole", **program).trainer
    whole.source = DyingSource(whole.source, stop)
    with pytest.raises(KilledError):
        whole.run()
    assert len(_lines(folder / "curve.jsonl")) == stop
    assert curve(folder) == curve(tmp_path / "whole")


def test_a_cut_off_line_of_the_log_is_dropped(small: OpenStage, tmp_path: Path) -> None:
    small("autoencoder", max_steps=3).trainer.run()
    log = tmp_path / "run" / "curve.jsonl"
    log.write_text(log.read_text() + '{"step": 4, "to')
    small("autoencoder", max_steps=5).trainer.run()
    assert [row["step"] for row in map(json.loads, _lines(log))] == [1, 2, 3, 4, 5]


def test_a_checkpoint_of_another_stage_is_refused(small: OpenStage) -> None:
    small("autoencoder", max_steps=2).trainer.run()
    with pytest.raises(AqgtError, match="not one of the stage annotation"):
        small("annotation", max_steps=4).trainer.run()


def test_a_damaged_checkpoint_is_refused(small: OpenStage, tmp_path: Path) -> None:
    small("autoencoder", max_steps=2).trainer.run()
    path = tmp_path / "run" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(AqgtError, match="can't be read"):
        small("autoencoder", max_steps=4).trainer.run()
