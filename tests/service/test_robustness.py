# SPDX-License-Identifier: GPL-3.0-or-later
"""Every job ends and the engine goes on: with silent, slow and many clients, and without memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import zmq

from aqgt.protocol import Client, Timing, messages, wire
from aqgt.protocol.sockets import Dealer, News
from aqgt.service import pool as pool_module
from aqgt.service.config import EngineConfig
from aqgt.service.front import Front
from aqgt.service.pool import WorkerPool
from tests.service.talk import request, wait_for

ENDS = messages.EngineError("stopping", "The engine ends.", "Start it again.")


def test_a_client_that_could_not_speak_learns_that_its_jobs_were_given_up(
    start_engine: Callable[..., Any],
) -> None:
    engine = start_engine(config={"timing": {"client_silence": 0.5}})
    # As if its program had been stopped: connected, but no heartbeat.
    mute = Timing(heartbeat=60.0, silence=60.0)
    with Client(engine.address, timing=mute) as client:
        running, waiting = client.submit(request("slow", 60.0)), client.submit(request("slow", 60.0))
        for job in (running, waiting):
            error = wait_for(client, job, messages.EngineError)[-1]
            assert error.code == "client-silent"
            assert "timing.client_silence" in error.next_step


def test_the_last_words_of_an_engine_count_more_than_its_going(monkeypatch: pytest.MonkeyPatch) -> None:
    context = zmq.Context()
    engine = context.socket(zmq.ROUTER)
    port = engine.bind_to_random_port("tcp://127.0.0.1")
    news = Dealer.news

    def ends_in_the_meantime(dealer: Dealer) -> News:
        """Between the client's look for messages and its look at the connection."""
        if engine.closed or not engine.poll(0):
            return news(dealer)
        client, frame = engine.recv_multipart()
        engine.send_multipart([client, wire.encode(ENDS, wire.job_of(frame))])
        engine.close(linger=2000)
        deadline = time.monotonic() + 10
        while (found := news(dealer)) is not News.LOST and time.monotonic() < deadline:
            time.sleep(0.01)
        return found

    monkeypatch.setattr(Dealer, "news", ends_in_the_meantime)
    with Client(f"tcp://127.0.0.1:{port}") as client:
        job = client.submit(request("slow", 60.0))
        assert wait_for(client, job, messages.EngineError)[-1].code == "stopping"
    assert engine.closed
    context.destroy(linger=0)


def test_clients_that_have_left_make_room_for_others(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"limits": {"clients": 3}})
    with Client(engine.address) as stays:
        job = stays.submit(request("slow", 60.0))
        for _ in range(12):
            with Client(engine.address) as client:
                assert client.hello().models
            time.sleep(0.15)
        assert not any(isinstance(event, messages.EngineError) for event in stays.poll(job))
        assert stays.status().clients <= 3


def test_a_result_that_was_kept_no_longer_is_said(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"limits": {"kept_mib": 1}})
    context = zmq.Context()
    slow = context.socket(zmq.DEALER)
    slow.setsockopt(zmq.RCVHWM, 1)
    slow.connect(engine.address)
    # Each is about 6 MB of progress in 300 messages, and 6 MB of result, of which none finds room.
    names = {"one", "two", "three"}
    for name in names:
        slow.send(wire.encode(request(seconds=590.0), name))
    with Client(engine.address) as client:
        deadline = time.monotonic() + 20
        while client.status().finished < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
    ended: dict[str, str] = {}
    while ended.keys() != names:
        slow.send(wire.encode(messages.Heartbeat()))
        while slow.poll(300):
            answer = wire.decode(slow.recv())
            if isinstance(answer.body, (messages.GenerateResult, messages.EngineError)):
                assert answer.job not in ended
                ended[answer.job] = getattr(answer.body, "code", "result")
        assert time.monotonic() < deadline + 20, ended
    assert "result-lost" in ended.values()
    assert set(ended.values()) <= {"result", "result-lost"}
    slow.close(linger=0)
    context.term()


def test_a_busy_sender_does_not_keep_the_workers_waiting() -> None:
    context = zmq.Context()
    front = Front(context, EngineConfig(address="tcp://127.0.0.1:0"))
    dealer = context.socket(zmq.DEALER)
    dealer.connect(front.address)
    for _ in range(20):
        dealer.send(b"?")
    assert front.socket.poll(5000)
    time.sleep(0.1)
    taken: list[float] = []

    def slowly(client: bytes, frame: zmq.Frame) -> None:
        time.sleep(0.015)
        taken.append(time.monotonic())

    front.take(slowly)
    assert 1 <= len(taken) <= 3
    while front.socket.poll(50):
        front.take(slowly)
    assert len(taken) == 20
    context.destroy(linger=0)


class _Process:
    """A process without a process."""

    refused = 0
    pid = None

    def __init__(self, **_: Any) -> None:
        self.alive, self.exitcode = False, -9

    def start(self) -> None:
        if _Process.refused > 0:
            _Process.refused -= 1
            raise OSError(12, "Cannot allocate memory")
        self.alive = True

    def is_alive(self) -> bool:
        return self.alive

    def terminate(self) -> None:
        self.alive = False

    def close(self) -> None:
        return

    def join(self, timeout: float) -> None:
        return


def test_a_machine_out_of_memory_does_not_end_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module._SPAWN, "Process", _Process)
    monkeypatch.setattr(pool_module, "_FIRST_PAUSE", 0.01)
    pool = WorkerPool("tcp://127.0.0.1:1", "module:factory", EngineConfig(workers=1))
    (worker,) = pool.workers
    assert isinstance(worker.process, _Process)
    worker.process.alive = False
    _Process.refused = 3
    assert [death.worker for death in pool.watch()] == [worker]
    deadline = time.monotonic() + 5
    while worker.process is None:
        assert pool.watch() == []
        assert worker.status().state in ("waiting", "starting")
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert _Process.refused == 0
    assert worker.status().state == "starting"
    pool.close()
