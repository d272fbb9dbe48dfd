# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of jobs when workers die, the engine stops, or a client goes and comes back."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zmq

from aqgt.errors import AqgtError
from aqgt.protocol import Client, Timing, messages, wire
from aqgt.protocol.connection import EngineLost
from tests.service.talk import LONG, request, wait_for

linux = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="finds processes and sockets in /proc")


def workers_of(engine: Any) -> list[int]:
    """The pids of an engine's workers."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            parent = int(Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == engine.process.pid and b"spawn_main" in Path(f"/proc/{name}/cmdline").read_bytes():
                found.append(int(name))
    return found


@linux
def test_killed_workers_cost_their_job_alone(engine: Any) -> None:
    with Client(engine.address) as client:
        for _ in range(3):
            victim, behind = client.submit(request("slow", LONG)), client.submit(request(seed=3))
            wait_for(client, victim, messages.Progress)
            os.kill(workers_of(engine)[0], signal.SIGKILL)
            error = wait_for(client, victim, messages.EngineError)[-1]
            assert error.code == "worker-crashed"
            assert "signal 9" in error.sentence
            wait_for(client, behind, messages.GenerateResult)
        (worker,) = client.status().workers
        assert worker.restarts == 3


@linux
def test_a_replacement_that_dies_before_it_is_ready_is_replaced_too(
    start_engine: Callable[..., Any], tmp_path: Path
) -> None:
    engine = start_engine(config={"threads": 14, "models": [str(tmp_path / "starts")]})
    with Client(engine.address) as client:
        client.submit(request("crash"))
        job = client.submit(request())
        wait_for(client, job, messages.GenerateResult)
        assert client.status().workers[0].restarts == 3
    assert (tmp_path / "starts").read_text() == "xxxx"
    assert engine.process.poll() is None


def test_jobs_of_one_model_run_together_and_one_can_be_cancelled(engine: Any) -> None:
    with Client(engine.address) as client:
        first = client.submit(request("slow", 40.0))
        wait_for(client, first, messages.Progress)
        jobs = [client.submit(request("together", 8.0 + number, seed=number)) for number in range(4)]
        alone = client.submit(request("together", deterministic=True))
        wait_for(client, jobs[1], messages.Progress)
        client.cancel(jobs[1])
        wait_for(client, jobs[1], messages.Cancelled)
        for number in (0, 2, 3):
            result = wait_for(client, jobs[number], messages.GenerateResult)[-1]
            assert result.notes == ("4 together",)
            assert len(result.motions[0]) == 15 * (8 + number)
        assert wait_for(client, alone, messages.GenerateResult)[-1].notes == ("1 together",)


def test_a_job_that_kills_its_batch_is_found_out(engine: Any) -> None:
    with Client(engine.address) as client:
        first = client.submit(request("slow", 40.0))
        wait_for(client, first, messages.Progress)
        jobs = [client.submit(request("together", seed=seed)) for seed in (1, 666, 2)]
        assert wait_for(client, jobs[1], messages.EngineError)[-1].code == "worker-crashed"
        for job in (jobs[0], jobs[2]):
            assert wait_for(client, job, messages.GenerateResult)[-1].notes == ("1 together",)


def test_a_job_that_takes_too_long_is_ended(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"timing": {"job": 3.0, "cancel_grace": 0.3}})
    with Client(engine.address) as client:
        job = client.submit(request("deaf"))
        assert wait_for(client, job, messages.EngineError)[-1].code == "timed-out"
        assert client.generate(request()).motions


def test_a_graceful_stop_ends_what_runs_and_nothing_new(start_engine: Callable[..., Any]) -> None:
    engine = start_engine()
    with Client(engine.address) as client:
        running, waiting = client.submit(request("slow", 100.0)), client.submit(request("slow"))
        wait_for(client, running, messages.Progress)
        engine.process.terminate()
        assert wait_for(client, waiting, messages.EngineError)[-1].code == "stopping"
        late = client.submit(request())
        assert wait_for(client, late, messages.EngineError)[-1].code == "stopping"
        assert client.status().stopping
        wait_for(client, running, messages.GenerateResult)
    assert engine.process.wait(timeout=60) == 0


def test_a_stop_does_not_wait_for_ever(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"timing": {"stop_grace": 0.3}})
    with Client(engine.address) as client:
        job = client.submit(request("slow", LONG))
        wait_for(client, job, messages.Progress)
        engine.process.terminate()
        assert wait_for(client, job, messages.EngineError)[-1].code == "stopping"
    assert engine.process.wait(timeout=60) == 0


def test_an_idle_engine_ends_by_itself(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"idle_exit": 0.5 / 60})
    assert engine.process.wait(timeout=60) == 0


# ---------------------------------------------------------------- clients that go and come back


def test_a_result_waits_for_a_client_that_comes_back(engine: Any) -> None:
    context = zmq.Context()
    first = context.socket(zmq.DEALER)
    first.connect(engine.address)
    first.send(wire.encode(request("slow", 60.0), "mine"))
    assert first.poll(60_000)
    first.close(linger=0)
    second = context.socket(zmq.DEALER)
    second.connect(engine.address)

    def answer() -> Any:
        assert second.poll(60_000)
        return wire.decode(second.recv())

    second.send(wire.encode(messages.Attach(), "mine"))
    assert isinstance(answer().body, messages.Accepted)
    while not isinstance((got := answer()).body, messages.GenerateResult):
        assert isinstance(got.body, (messages.Progress, messages.Accepted))
    assert got.job == "mine"
    second.send(wire.encode(messages.Attach(), "mine"))
    assert isinstance(answer().body, messages.GenerateResult), "kept until it is said to have arrived"
    second.send(wire.encode(messages.Received(), "mine"))
    second.send(wire.encode(messages.Attach(), "mine"))
    assert answer().body.code == "unknown-job"
    second.close(linger=0)
    context.term()


def test_jobs_go_on_in_an_engine_that_was_started_anew(start_engine: Callable[..., Any]) -> None:
    engine = start_engine()
    events: list[Any] = []
    over = threading.Event()

    def on_event(event: Any) -> None:
        events.append(event)
        if isinstance(event, (messages.GenerateResult, messages.EngineError)):
            over.set()

    with Client(engine.address, timing=Timing(silence=200.0, reconnect=200.0)) as client:
        client.submit(request("slow", 60.0, seed=4), on_event)
        while not any(isinstance(event, messages.Progress) for event in events):
            time.sleep(0.01)
        engine.process.kill()
        engine.process.wait()
        start_engine(config={"address": engine.address})
        assert over.wait(100)  # less than the silence: it is the end of the connection that tells
    assert sum(isinstance(event, EngineLost) for event in events) == 1
    assert isinstance(events[-1], messages.GenerateResult)


def test_waiting_for_an_engine_has_an_end() -> None:
    began = time.monotonic()
    with (
        Client("tcp://127.0.0.1:9", timing=Timing(reconnect=0.6)) as client,
        pytest.raises(AqgtError) as caught,
    ):
        client.hello()
    assert caught.value.code == "no-engine"
    assert time.monotonic() - began > 0.5


def test_no_thread_outlives_close(engine: Any) -> None:
    before = set(threading.enumerate())
    closed = threading.Event()
    client = Client(engine.address)

    def close_it(event: Any) -> None:
        client.close()
        closed.set()

    for _ in range(5):
        client.submit(request("slow", LONG))
        client.close()
        assert set(threading.enumerate()) == before
    client.submit(messages.StatusRequest(), close_it)
    assert closed.wait(60)
    client.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
    assert set(threading.enumerate()) == before


def test_a_callback_that_fails_stops_nobody(engine: Any) -> None:
    def fail(event: Any) -> None:
        raise RuntimeError("mine")

    with Client(engine.address) as client:
        client.submit(messages.StatusRequest(), fail)
        assert client.vocabulary()["phrase"]
        assert [model.name for model in client.models()] == ["fake"]


# ---------------------------------------------------------------- what an engine says of itself


def test_status_log_and_metrics_name_what_happens(start_engine: Callable[..., Any]) -> None:
    import socket
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    engine = start_engine(config={"log": "json", "metrics_port": port})
    with Client(engine.address, name="line\nbreak") as client:
        client.hello()
        client.generate(request(seconds=4.0))
        job = client.submit(request("bug"))
        wait_for(client, job, messages.EngineError)
        status = client.status()
        assert (status.finished, status.failed, status.sound_per_minute) == (2, 1, 4.0)
        assert status.workers[0].models == ("fake",)
        text, deadline = "", time.monotonic() + 60
        while 'aqgt_jobs_total{outcome="failed"} 1' not in text and time.monotonic() < deadline:
            time.sleep(0.1)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
                text = answer.read().decode()
    assert 'aqgt_jobs_total{outcome="done"} 1' in text
    assert 'aqgt_jobs_total{outcome="failed"} 1' in text
    entries = [json.loads(line) for line in engine.log.read_text().splitlines()]
    assert any(entry.get("job") == job and "error" in entry["message"] for entry in entries)
    assert any(entry.get("client") == "line?break" for entry in entries)
    assert any(entry["level"] == "error" and "a mistake in the code" in entry["message"] for entry in entries)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/net")
def test_nothing_listens_but_on_this_machine(engine: Any) -> None:
    inodes = set()
    for pid in [engine.process.pid, *workers_of(engine)]:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(os.readlink(descriptor))
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            parts = line.split()
            if parts[3] == "0A" and f"socket:[{parts[9]}]" in inodes:
                listening.append(parts[1].split(":")[0])
    assert listening
    assert set(listening) == {"0100007F"}
