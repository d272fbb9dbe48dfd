# SPDX-License-Identifier: GPL-3.0-or-later
"""Live jobs of an engine: what comes in, what comes back, and how each of them ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import zmq

from aqgt.errors import AqgtError
from aqgt.protocol import Client, messages, wire
from aqgt.words import Word
from tests.service.talk import LONG, request, wait_for
from tests.service.test_supervision import linux, workers_of

TENTH = np.zeros(1600, np.float32)


def live(model: str = "fake", **more: Any) -> messages.LiveRequest:
    return messages.LiveRequest(model, **more)


def ends_with(code: str, act: Callable[[], Any], seconds: float = 60.0) -> AqgtError:
    """The error by which a live job ends while something is done again and again."""
    deadline = time.monotonic() + seconds
    found = None
    while found is None and time.monotonic() < deadline:
        try:
            act()
            time.sleep(0.02)
        except AqgtError as error:
            found = error
    assert found is not None, f"it goes on after {seconds} s"
    assert found.code == code, found
    assert found.next_step
    return found


def test_sound_goes_in_and_frames_come_back_window_by_window(engine: Any) -> None:
    with Client(engine.address) as client:
        assert client.hello().limits["live_look_ahead"] == 2.4
        with client.live(live()) as job:
            assert job.started.fps == 15.0
            frames = []
            for number in range(50):
                job.send(TENTH, [Word("word", 0.1 * number, 0.1 * number + 0.1)])
                if number == 25:
                    frames += job.frames(60.0)
                    assert [each.start_frame for each in frames] == [0]
            frames += job.finish()
        assert [each.start_frame for each in frames] == [0, 30, 60]
        assert job.result is not None
        assert job.result.frames == sum(len(each.bone_vectors) for each in frames) == 75
        status = client.status()
        assert (status.running, status.finished, status.failed) == (0, 1, 0)


def test_it_is_served_between_the_windows_of_another_job(engine: Any) -> None:
    with Client(engine.address) as client:
        long = client.submit(request("slow", LONG))
        wait_for(client, long, messages.Progress)
        with client.live(live()) as job:
            job.send(np.zeros(64_000, np.float32))
            assert job.frames(60.0)
            job.finish()
        assert client.status().running == 1, "the other one is not over yet"
        client.cancel(long)


def test_sound_that_comes_at_once_waits_and_is_not_refused(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"limits": {"live_ahead": 15}})
    with Client(engine.address) as client, client.live(live()) as job:
        job.send(np.zeros(16_000 * 120, np.float32))
        frames = job.finish()
        assert sum(len(each.bone_vectors) for each in frames) == 120 * 15


def test_a_cancelled_one_takes_nothing_more(engine: Any) -> None:
    with Client(engine.address) as client:
        job = client.live(live())
        job.send(TENTH)
        job.cancel()
        ends_with("cancelled", lambda: job.send(TENTH))
        assert client.status().running == 0


def test_an_error_of_the_caller_gives_it_up(engine: Any) -> None:
    with Client(engine.address) as client:
        with pytest.raises(ZeroDivisionError), client.live(live()):
            1 / 0
        assert client.status().running == 0


@pytest.mark.parametrize(("model", "code"), [("bug", "internal"), ("crash", "worker-crashed")])
def test_what_goes_wrong_in_the_worker_ends_it(engine: Any, model: str, code: str) -> None:
    with Client(engine.address) as client:
        job = client.live(live(model))
        job.send(TENTH)
        ends_with(code, lambda: job.send(TENTH))
        assert client.generate(request()).motions


@pytest.mark.parametrize(
    ("opened", "code"),
    [(live("refuse"), "not-live"), (live(annotate="around"), "bad-request"), (live(seed=-1), "bad-request")],
)
def test_a_request_that_cannot_work_is_refused(engine: Any, opened: messages.LiveRequest, code: str) -> None:
    with Client(engine.address) as client, pytest.raises(AqgtError) as caught:
        client.live(opened)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (messages.LiveChunk(0, np.zeros(6 * 16_000, np.float32)), "chunk-too-large"),
        (messages.LiveChunk(0, np.array([np.inf], np.float32)), "bad-audio"),
        (messages.LiveChunk(0, np.zeros((2, 8), np.float32)), "bad-audio"),
        (messages.LiveChunk(3, TENTH), "chunk-missing"),
        (messages.LiveChunk(0, TENTH, tuple(Word("a", 0, 1) for _ in range(4))), "too-many-words"),
    ],
)
def test_a_bad_chunk_ends_the_job_with_its_reason(
    start_engine: Callable[..., Any], message: messages.LiveChunk, code: str
) -> None:
    engine = start_engine(config={"limits": {"words": 3}})
    with Client(engine.address) as client:
        job = client.live(live())
        client.send(job.id, message)
        ends_with(code, lambda: job.frames(0.05))
        assert client.status().running == 0


def test_limits_of_number_length_and_silence(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(
        config={"limits": {"live": 1, "live_seconds": 1.0}, "timing": {"live_silence": 2.0}}
    )
    with Client(engine.address) as client:
        job = client.live(live())
        with pytest.raises(AqgtError) as caught:
            client.live(live())
        assert caught.value.code == "queue-full"
        ends_with("live-silent", lambda: job.frames(0.05))
        job = client.live(live())
        ends_with("too-long", lambda: job.send(np.zeros(8000, np.float32)))


def test_sound_faster_than_the_engine_is_refused_before_it_takes_memory(
    start_engine: Callable[..., Any],
) -> None:
    engine = start_engine(config={"limits": {"live_ahead": 2}})
    with Client(engine.address) as client:
        job = client.live(live("deaf"))
        for number in range(8):
            client.send(job.id, messages.LiveChunk(number, np.zeros(8000, np.float32)))
        assert "behind" in ends_with("live-behind", lambda: job.frames(0.05)).sentence


def test_a_client_that_has_gone_loses_its_live_jobs(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"timing": {"client_silence": 3.0}})
    with Client(engine.address) as client, Client(engine.address) as other:
        client.live(live())
        assert other.status().running == 1
        connection = client._connection
        connection._jobs.clear()  # it falls silent
        deadline = time.monotonic() + 60
        while other.status().running and time.monotonic() < deadline:
            time.sleep(0.05)
        assert other.status().running == 0


def test_another_client_cannot_speak_in_it(engine: Any) -> None:
    context = zmq.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.connect(engine.address)
    with Client(engine.address) as client:
        job = client.live(live())
        for message in (messages.LiveChunk(0, TENTH), messages.LiveEnd(0)):
            stranger.send(wire.encode(message, job.id))
            assert stranger.poll(60_000)
            assert wire.decode(stranger.recv()).body.code == "unknown-job"
        job.send(np.zeros(16_000, np.float32))
        job.finish()
        assert job.result.frames == 15
    context.destroy(linger=0)


def test_a_stop_lets_it_end_and_then_ends_it(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"timing": {"stop_grace": 3.0}})
    with Client(engine.address) as client:
        job = client.live(live())
        engine.process.terminate()
        time.sleep(0.3)
        job.send(TENTH)
        ends_with("stopping", lambda: job.frames(0.05))
    assert engine.process.wait(timeout=60) == 0


@linux
def test_two_workers_serve_two_jobs_and_one_dies_alone(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"workers": 2, "device": "cpu"})
    with Client(engine.address) as client:
        deadline = time.monotonic() + 100
        while any(worker.state != "idle" for worker in client.status().workers):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        jobs = [client.submit(request("slow", 120.0)) for _ in range(2)]
        lives = [client.live(live()) for _ in range(2)]
        for job in jobs:
            wait_for(client, job, messages.Progress)  # both at the same time: each takes six seconds
        workers = client.status().workers
        assert [worker.jobs for worker in workers] == [2, 2]
        os.kill(workers_of(engine)[0], signal.SIGKILL)
        ended: list[Any] = []
        while not ended:
            ended = [
                job for job in jobs if any(isinstance(e, messages.EngineError) for e in client.poll(job))
            ]
            time.sleep(0.02)
        (left,) = set(jobs) - set(ended)
        wait_for(client, left, messages.GenerateResult)
        outcomes = []
        for each in lives:
            try:
                each.send(np.zeros(16_000, np.float32))
                each.finish()
                outcomes.append("done")
            except AqgtError as error:
                outcomes.append(error.code)
        assert sorted(outcomes) == ["done", "worker-crashed"]
