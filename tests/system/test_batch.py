# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs at once, some of them broken, some killed on the way, and the whole batch killed and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from aqgt.formats.bvh import read_bvh
from aqgt.formats.npz import read_npz
from aqgt.studio.journal import read_journal
from tests.system.conftest import environment, program
from tests.system.media import RATE, read_wav, seconds_of, write_wav
from tests.system.processes import children_of, descendants_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

RIG = "rigs/characters/mh_mixamo_male.glb"
# A word of the sentence that each broken job ends with.
BROKEN = {
    "gone-1": "There is no audio file",
    "gone-2": "There is no audio file",
    "text": "not a sound or video file",
    "empty": "is empty",
    "silent": "silent",
    "preset": "no preset",
    "model": "unheard-of",
    "wrong-rig": "no arm bones named as in",
    "worker-victim": "was ended by SIGKILL. That happened 2 times.",
    "blender-victim": "was ended by SIGKILL before “apply” was done. That happened 2 times.",
}
N_CHARACTERS = 2


@dataclass
class Batch:
    """A folder with a job file, and what it takes to run it.

    Attributes:
        folder: where everything lies.
        names: of all tasks.
        environment: of the command.
        killed: per task, how often its worker or Blender was killed.
    """

    folder: Path
    names: list[str]
    environment: dict[str, str]
    killed: Counter[str] = field(default_factory=Counter)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def start(self) -> subprocess.Popen[str]:
        command = [program("aqgt"), "batch", self.folder / "jobs.yaml", "--workers", "2", "--plain"]
        return subprocess.Popen(
            list(map(str, command)),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def journal(self, event: str) -> list[dict[str, Any]]:
        return [line for line in read_journal(self.out) if line["event"] == event]

    def report(self) -> dict[str, dict[str, Any]]:
        raw = json.loads((self.out / "report.json").read_text(encoding="utf-8"))
        return {row["name"]: row for row in raw["tasks"]}


def make_batch(folder: Path, checkout: Path, voice: Path, n_jobs: int) -> Batch:
    """A job file with as many jobs, ten of them broken and two with a character."""
    speech = read_wav(voice)
    n_good = n_jobs - len(BROKEN)
    jobs: list[dict[str, Any]] = []
    for k in range(n_good):
        first = int(k * (len(speech) - 2 * RATE) / n_good)
        write_wav(folder / f"good-{k:03}.wav", speech[first : first + RATE + 100 * k])
    for k in range(N_CHARACTERS):
        jobs.append(
            {"audio": f"good-{k:03}.wav", "character": str(checkout / RIG), "outputs": ["npz", "blend"]}
        )
    jobs += [{"audio": f"good-{k:03}.wav", "seeds": [k]} for k in range(N_CHARACTERS, n_good - 1)]
    # One of them is killed once and comes through at the second try.
    write_wav(folder / "good-survivor.wav", speech[: 20 * RATE])
    jobs.append({"audio": "good-survivor.wav", "outputs": ["npz", "bvh"]})
    (folder / "text.wav").write_text("This is no sound.", encoding="utf-8")
    (folder / "empty.wav").touch()
    write_wav(folder / "silent.wav", np.zeros(RATE))
    broken: dict[str, dict[str, Any]] = {
        "gone-1": {"audio": "gone-1.wav"},
        "gone-2": {"audio": "gone-2/*.wav"},
        "text": {"audio": "text.wav"},
        "empty": {"audio": "empty.wav"},
        "silent": {"audio": "silent.wav"},
        "preset": {"audio": "good-003.wav", "presets": ["no-such-preset"]},
        "model": {"audio": "good-003.wav", "model": "unheard-of"},
        "wrong-rig": {
            "audio": "good-004.wav", "character": str(checkout / RIG), "bone_map": "vroid",
            "outputs": ["blend"],
        },
        "worker-victim": {"audio": str(voice)},
        "blender-victim": {"audio": "good-005.wav", "character": str(checkout / RIG), "outputs": ["blend"]},
    }  # fmt: skip
    assert set(broken) == set(BROKEN)
    for name, job in broken.items():  # spread among the good ones
        jobs.insert(len(jobs) // 2, {"name": name, **job})
    defaults = {"model": "debug", "outputs": ["npz"]}
    (folder / "jobs.yaml").write_text(
        yaml.safe_dump({"output": "out", "defaults": defaults, "jobs": jobs}), encoding="utf-8"
    )
    names = [*BROKEN, "good-survivor", *(f"good-{k:03}" for k in range(n_good - 1))]
    assert len(names) == n_jobs
    blender = checkout / ".venv-blender" / "bin" / "python"
    assert blender.exists(), "There is no .venv-blender. Make it: make setup"
    return Batch(
        folder,
        names,
        {**environment(), "BLENDER": str(blender), "BLENDER_USER_RESOURCES": str(folder / "blender")},
    )


def kill_victims(batch: Batch, process: int, seen: int, stop: threading.Event) -> None:
    """Follow the journal from a line on; kill the workers and Blenders of the tasks that are to lose them."""
    while not stop.wait(0.01):
        begun = batch.journal("begun")
        for line in begun[seen:]:
            task, worker = line["task"], line["worker"]
            if worker not in children_of(process):
                continue
            if task == "worker-victim" or (task == "good-survivor" and line["attempt"] == 1):
                os.kill(worker, signal.SIGKILL)
                batch.killed[task] += 1
            elif task == "blender-victim":
                threading.Thread(target=kill_blender, args=(batch, task, worker)).start()
        seen = len(begun)


def kill_blender(batch: Batch, task: str, worker: int) -> None:
    """Kill the Blender that a worker starts."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        for child in children_of(worker):
            try:
                command = Path(f"/proc/{child}/cmdline").read_bytes()
            except OSError:
                continue
            if b"entry.py" in command:
                os.kill(child, signal.SIGKILL)
                batch.killed[task] += 1
                return
        time.sleep(0.005)


def run_to_the_end(batch: Batch) -> tuple[int, str]:
    """Exit code and output."""
    stop, seen = threading.Event(), len(batch.journal("begun"))
    process = batch.start()
    killer = threading.Thread(target=kill_victims, args=(batch, process.pid, seen, stop))
    killer.start()
    try:
        output, _ = process.communicate(timeout=800)
    finally:
        stop.set()
        killer.join()
        process.kill()
    return process.returncode, output


def kill_on_the_way(batch: Batch, n_done: int) -> None:
    """Start the batch, and kill -9 it when so many tasks are done."""
    process = batch.start()
    try:
        deadline = time.monotonic() + 300
        while len(batch.journal("done")) < n_done:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "the batch did not get on"
            time.sleep(0.02)
        below = descendants_of(process.pid)
        assert below, "it works in processes of its own"
    finally:
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 120
    while alive := {one for one in below if Path(f"/proc/{one}/cmdline").exists()}:
        assert time.monotonic() < deadline, f"{alive} outlived the batch"
        time.sleep(0.1)


def check_everything(batch: Batch, run_time: str) -> None:
    """Every good job has its result, every broken one its sentence."""
    rows = batch.report()
    assert sorted(rows) == sorted(batch.names)
    for name, words in BROKEN.items():
        row = rows[name]
        assert row["state"] == "failed", name
        assert words in row["error"]["sentence"], row["error"]
        assert row["error"]["next_step"], name
        assert not list(batch.out.glob(f"{name}*")), "a failed job leaves no output"
    for name in batch.names:
        if name in BROKEN:
            continue
        row = rows[name]
        assert row["state"] in ("done", "kept"), (name, row["error"], run_time)
        seconds = seconds_of(batch.folder / f"{name}.wav")
        motion = read_npz(batch.out / f"{name}.npz").motion
        assert motion.duration == pytest.approx(seconds, abs=0.5 / motion.fps + 1e-6)
        assert row["figures"]["frames"] == len(motion)
        assert row["figures"]["licence"]
    assert rows["good-survivor"]["attempts"] == 2
    survivor = read_bvh(batch.out / "good-survivor.bvh")
    assert survivor.duration == pytest.approx(20.0, abs=0.1)
    for k in range(N_CHARACTERS):
        assert rows[f"good-{k:03}"]["figures"]["limb_error_degrees"] < 1.0
        assert (batch.out / f"good-{k:03}.blend").stat().st_size > 100_000
    leftovers = [path.name for path in batch.out.iterdir() if ".part" in path.name]
    assert leftovers == []


def work_through(batch: Batch) -> None:
    """Kill it on the way, resume it with its victims killed, and run it once more for nothing."""
    kill_on_the_way(batch, n_done=len(batch.names) // 4)
    done_before = {line["task"] for line in batch.journal("done")}
    receipts_before = len(list((batch.out / ".aqgt-batch" / "receipts").glob("*.json")))
    began = time.monotonic()
    code, output = run_to_the_end(batch)
    run_time = f"{time.monotonic() - began:.0f} s"
    assert code == 1, output
    assert batch.killed["worker-victim"] == 2
    assert batch.killed["blender-victim"] == 2
    check_everything(batch, run_time)
    kept = {line["task"] for line in batch.journal("kept")}
    assert len(kept) == receipts_before >= len(done_before)
    assert done_before <= kept
    attempts = Counter(line["task"] for line in batch.journal("begun"))
    assert all(attempts[task] == 1 for task in kept), "nothing that was done is done again"
    page = (batch.out / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == len(batch.names) - len(BROKEN)


def test_forty_jobs_ten_broken_killed_and_resumed(tmp_path: Path, checkout: Path, voice: Path) -> None:
    batch = make_batch(tmp_path, checkout, voice, 40)
    work_through(batch)
    before = {path.name: path.stat().st_mtime_ns for path in batch.out.glob("good-*")}
    alone = tmp_path / "alone.npz"
    command = [program("aqgt"), "generate", tmp_path / "good-007.wav", "--model", "debug", "--seed", "7"]
    result = subprocess.run(
        [*command, "-o", alone], env=batch.environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    np.testing.assert_array_equal(
        read_npz(alone).motion.bone_vectors, read_npz(batch.out / "good-007.npz").motion.bone_vectors
    )
    # A third run tries the broken ones alone.
    code, output = run_to_the_end(batch)
    assert code == 1, output
    assert {path.name: path.stat().st_mtime_ns for path in batch.out.glob("good-*")} == before


@pytest.mark.soak
def test_two_hundred_jobs_ten_broken_killed_and_resumed(tmp_path: Path, checkout: Path, voice: Path) -> None:
    work_through(make_batch(tmp_path, checkout, voice, 200))


def test_a_second_batch_in_the_same_folder_is_refused(tmp_path: Path, checkout: Path, voice: Path) -> None:
    batch = make_batch(tmp_path, checkout, voice, 20)
    first = batch.start()
    try:
        while not batch.journal("begun"):
            assert first.poll() is None
            time.sleep(0.02)
        second = batch.start()
        output, _ = second.communicate(timeout=300)
        assert second.returncode == 2
        assert "Another batch is at work" in output
    finally:
        first.kill()
        first.communicate()


def test_a_job_file_with_mistakes_is_refused_with_their_lines(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs.yaml"
    jobs.write_text(
        "jobs:\n  - audio: a.wav\n    seeds: [x]\n  - audio: b.wav\n    sped: 2\n", encoding="utf-8"
    )
    result = subprocess.run(
        [program("aqgt"), "batch", jobs], env=environment(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "line 3" in result.stderr
    assert "line 5: there is no key “sped”" in result.stderr
    assert "Traceback" not in result.stderr


@dataclass
class Engine:
    """A running engine."""

    process: subprocess.Popen[str]
    address: str


def start_engine() -> Engine:
    command = [str(program("aqgt")), "serve", "--port", "0", "--parent-pipe"]
    quiet = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=environment(), text=True, **quiet)
    assert process.stdout is not None
    return Engine(process, process.stdout.readline().split()[2])


def test_an_engine_that_is_killed_costs_what_was_left_and_no_more(tmp_path: Path, voice: Path) -> None:
    write_wav(tmp_path / "voice.wav", read_wav(voice)[: 4 * RATE])
    job = {"audio": "voice.wav", "model": "debug", "variants": 24}
    (tmp_path / "jobs.yaml").write_text(yaml.safe_dump({"output": "out", "jobs": [job]}), encoding="utf-8")
    batch = Batch(tmp_path, [f"voice-seed{k}" for k in range(24)], environment())

    def start(engine: Engine) -> subprocess.Popen[str]:
        command = [
            program("aqgt"),
            "batch",
            tmp_path / "jobs.yaml",
            "--engine",
            engine.address,
            "--workers",
            "1",
        ]
        return subprocess.Popen(
            list(map(str, command)), env=batch.environment, stderr=subprocess.PIPE, text=True
        )

    first = start_engine()
    process = start(first)
    try:
        deadline = time.monotonic() + 120
        while len(batch.journal("done")) < 2:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for one in descendants_of(first.process.pid) | {first.process.pid}:
            os.kill(one, signal.SIGKILL)
        _, messages = process.communicate(timeout=300)
    finally:
        first.process.kill()
        process.kill()
    assert process.returncode == 1, messages
    rows = batch.report()
    done = [name for name, row in rows.items() if row["state"] == "done"]
    lost = [row for row in rows.values() if row["state"] == "failed"]
    assert 2 <= len(done) < 24
    assert len(done) + len(lost) == 24
    assert all("engine" in row["error"]["sentence"] and row["attempts"] == 2 for row in lost), lost
    second = start_engine()
    try:
        process = start(second)
        _, messages = process.communicate(timeout=300)
    finally:
        second.process.kill()
        process.kill()
    assert process.returncode == 0, messages
    assert {name for name, row in batch.report().items() if row["state"] == "kept"} == set(done)
