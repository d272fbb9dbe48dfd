# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine as a client meets it, over a real socket and with real worker processes."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import zmq

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.protocol import messages, wire
from aqgt.protocol.client import EngineClient
from aqgt.protocol.connection import Timing
from tests.service.talk import LONG, LONG_TAKES, LONG_WINDOWS, request, wait_for


def test_hello_tells_models_limits_and_vocabulary(engine: Any) -> None:
    with EngineClient(engine.address) as client:
        hello = client.hello()
    assert [model.name for model in hello.models] == ["fake"]
    assert hello.max_seconds == 600
    assert "iconic" in hello.annotation_vocabulary["phrase"]


def test_a_motion_arrives_with_all_its_windows(engine: Any) -> None:
    spans = (Span(1.0, 2.0, "right", {"phrase": "iconic"}),)
    windows: list[int] = []
    with EngineClient(engine.address) as client:
        result = client.generate(request(spans=spans, seed=7), lambda p: windows.append(p.window))
    assert windows == [1, 2]
    assert result.motions[0].bone_vectors.shape == (60, 53, 3)
    assert result.spans == (spans,)
    expected = np.random.default_rng(7).standard_normal((60, 53, 3)).astype(np.float32)
    assert np.array_equal(result.motions[0].bone_vectors, expected)


def test_transcripts_go_the_same_way_and_tell_how_far_they_are(engine: Any) -> None:
    with EngineClient(engine.address) as client:
        asked = messages.TranscribeRequest(np.ones(16000, np.float32), "de", "small")
        parts: list[messages.Progress] = []
        found = client.transcribe(asked, parts.append)
        assert [word.text for word in found.words] == ["one", "two"]
        assert (found.language, found.model) == ("de", "small")
        assert [(part.window, part.windows) for part in parts] == [(50, 100)]
        assert set(client.hello().limits["transcription"]) == {"models", "reason"}


def test_alignment_and_suggestions_go_the_same_way(engine: Any) -> None:
    with EngineClient(engine.address) as client:
        words = client.align(np.ones(16000, np.float32), "one two").words
        assert [word.text for word in words] == ["one", "two"]
        keep = (Span(0.5),)
        assert client.suggest(messages.SuggestRequest(np.ones(16000, np.float32), words, keep)).spans == keep


def test_jobs_wait_in_order_and_learn_their_place(engine: Any) -> None:
    with EngineClient(engine.address) as client:
        first, second, third = (client.submit(request("slow", 20.0)) for _ in range(3))
        wait_for(client, first, messages.GenerateResult)
        events = wait_for(client, third, messages.GenerateResult)
        positions = [event.position for event in events if isinstance(event, messages.Accepted)]
        assert positions[-1] == 0
        assert positions == sorted(set(positions), reverse=True)
        assert max(positions) >= 1
        assert isinstance(client.poll(second)[-1], messages.GenerateResult)
        assert client.status().finished == 3


def test_a_running_job_is_cancelled_at_once_and_the_next_one_runs(engine: Any) -> None:
    with EngineClient(engine.address) as client:
        job = client.submit(request("slow", LONG))
        wait_for(client, job, messages.Progress)
        client.cancel(job)
        events = wait_for(client, job, messages.Cancelled)
        assert sum(isinstance(event, messages.Progress) for event in events) < LONG_WINDOWS / 2
        assert client.poll(job) == []
        assert len(client.generate(request()).motions) == 1
        assert client.status().running == 0


def test_a_waiting_job_is_cancelled_without_disturbing_the_running_one(engine: Any) -> None:
    with EngineClient(engine.address) as client:
        running, waiting = client.submit(request("slow", 10.0)), client.submit(request("slow", 10.0))
        wait_for(client, waiting, messages.Accepted)
        client.cancel(waiting)
        wait_for(client, waiting, messages.Cancelled)
        wait_for(client, running, messages.GenerateResult)
        assert client.status().queued == 0


def test_blocking_generate_can_be_cancelled(engine: Any) -> None:
    seen: list[int] = []
    with EngineClient(engine.address) as client, pytest.raises(AqgtError) as caught:
        client.generate(request("slow", LONG), lambda p: seen.append(p.window), lambda: len(seen) >= 2)
    assert caught.value.code == "cancelled"
    assert len(seen) < LONG_WINDOWS / 2, "it did not go on to its end"


def test_a_worker_that_ignores_cancelling_is_replaced(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"timing": {"cancel_grace": 0.5}})
    with EngineClient(engine.address) as client:
        job = client.submit(request("deaf"))
        wait_for(client, job, messages.Accepted)
        client.cancel(job)
        wait_for(client, job, messages.Cancelled)
        assert len(client.generate(request()).motions) == 1


def test_a_crash_ends_one_job_with_a_sentence_and_no_other(engine: Any) -> None:
    with EngineClient(engine.address) as client:
        crash, after = client.submit(request("crash")), client.submit(request())
        error = wait_for(client, crash, messages.EngineError)[-1]
        assert error.code == "worker-crashed"
        assert error.next_step
        wait_for(client, after, messages.GenerateResult)


@pytest.mark.parametrize(("model", "code"), [("bug", "internal"), ("refuse", "silent-audio")])
def test_errors_of_a_job_reach_its_client(engine: Any, model: str, code: str) -> None:
    with EngineClient(engine.address) as client:
        with pytest.raises(AqgtError) as caught:
            client.generate(request(model))
        assert caught.value.code == code
        assert caught.value.next_step
        assert len(client.generate(request()).motions) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"variants": 17}, "too-many-variants"),
        ({"variants": 0}, "bad-request"),
        ({"density": 3.0}, "bad-request"),
        ({"annotate": "perhaps"}, "bad-request"),
        ({"start": 3.0, "end": 2.0}, "bad-range"),
        ({"seconds": 601.0}, "too-long"),
        ({"seconds": 0.0}, "empty-audio"),
    ],
)
def test_requests_beyond_the_limits_are_refused_at_once(engine: Any, change: dict, code: str) -> None:
    with EngineClient(engine.address) as client, pytest.raises(AqgtError) as caught:
        client.generate(request(**change))
    assert caught.value.code == code
    assert caught.value.next_step


def test_a_full_queue_is_said(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"limits": {"waiting": 1}})
    with EngineClient(engine.address) as client:
        jobs = [client.submit(request("slow", LONG)) for _ in range(3)]
        assert wait_for(client, jobs[2], messages.EngineError)[-1].code == "queue-full"


def test_jobs_of_a_client_that_has_gone_are_given_up(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"timing": {"client_silence": 0.6}})
    context = zmq.Context()
    silent = context.socket(zmq.DEALER)
    silent.connect(engine.address)
    silent.send(wire.encode(request("slow", LONG), "left-behind"))
    assert silent.poll(60_000)
    silent.close(linger=0)
    context.term()
    with EngineClient(engine.address) as client:
        deadline = time.monotonic() + LONG_TAKES - 5
        while client.status().running and time.monotonic() < deadline:
            time.sleep(0.1)
        assert client.status().running == 0


def test_nonsense_is_answered_and_survived(engine: Any) -> None:
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.connect(engine.address)
    frames = [b"", b"\xc1", b"\x00" * 100, os.urandom(500), wire.encode(messages.Cancelled(), "x")]
    frames.append(wire.encode(messages.HelloRequest(), "old", version=99))
    for frame in frames:
        dealer.send(frame)
        assert dealer.poll(60_000), frame
        answer = wire.decode(dealer.recv())
        assert isinstance(answer.body, messages.EngineError)
    assert answer.job == "old"
    assert answer.body.code == "protocol-version"
    assert "99" in answer.body.sentence
    dealer.send_multipart([b"too", b"many", b"parts"])
    dealer.close(linger=0)
    context.term()
    with EngineClient(engine.address) as client:
        assert client.hello().models


# ---------------------------------------------------------------- the client alone


def test_no_engine_is_said_without_waiting_for_one() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started, patient = time.monotonic(), Timing(connect=200.0, answer=200.0)
    with (
        EngineClient(f"tcp://127.0.0.1:{port}", timing=patient) as client,
        pytest.raises(AqgtError) as caught,
    ):
        client.generate(request())
    assert time.monotonic() - started < 100.0
    assert caught.value.code == "no-engine"
    assert "aqgt serve" in caught.value.next_step


def test_an_engine_that_ends_while_hands_are_shaken_refuses_nobody() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"

        def end_at_the_second() -> None:
            listener.accept()[0].close()  # the first one only looks whether anybody listens
            shaking, _ = listener.accept()
            listener.close()
            shaking.close()

        engine = threading.Thread(target=end_at_the_second, daemon=True)
        engine.start()
        with EngineClient(address) as client, pytest.raises(AqgtError) as caught:
            client.hello()
        engine.join(60.0)
    assert caught.value.code == "engine-gone"


def test_something_else_at_the_port_is_said() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        with EngineClient(address, timing=Timing(answer=1.0)) as client, pytest.raises(AqgtError) as caught:
            client.hello()
    assert caught.value.code == "no-answer"


def test_an_engine_that_dies_midway_is_noticed(engine: Any) -> None:
    patient = Timing(silence=200.0)  # by the end of the connection, then, and not by silence
    with EngineClient(engine.address, timing=patient) as client:
        job = client.submit(request("slow", LONG))
        wait_for(client, job, messages.Progress)
        engine.process.kill()
        error = wait_for(client, job, messages.EngineError, 100.0)[-1]
        assert error.code == "engine-gone"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot suspend a process by a signal")
def test_an_engine_that_hangs_is_noticed(engine: Any) -> None:
    with EngineClient(engine.address, timing=Timing(silence=2.0, heartbeat=0.2)) as client:
        job = client.submit(request("slow", LONG))
        wait_for(client, job, messages.Progress)
        os.kill(engine.process.pid, signal.SIGSTOP)
        try:
            assert wait_for(client, job, messages.EngineError)[-1].code == "engine-gone"
        finally:
            os.kill(engine.process.pid, signal.SIGCONT)


def test_a_client_works_again_after_the_engine_came_back(start_engine: Callable[..., Any]) -> None:
    engine = start_engine()
    with EngineClient(engine.address) as client:
        client.hello()
        engine.process.kill()
        engine.process.wait()
        with pytest.raises(AqgtError):
            client.hello()
        start_engine(config={"address": engine.address})
        assert client.hello().models


def test_closing_ends_pending_jobs_quickly(engine: Any) -> None:
    client = EngineClient(engine.address)
    job = client.submit(request("slow", LONG))
    wait_for(client, job, messages.Progress)
    started = time.monotonic()
    client.close()
    assert time.monotonic() - started < LONG_TAKES / 2, "it did not wait for the job"
    assert isinstance(client.poll(job)[-1], messages.Cancelled)


# ---------------------------------------------------------------- the process


def test_the_engine_ends_with_its_parent(start_engine: Callable[..., Any]) -> None:
    engine = start_engine("--parent-pipe")
    engine.process.stdin.close()
    assert engine.process.wait(timeout=60) == 0


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="lists child processes through /proc")
def test_workers_do_not_outlive_a_killed_engine(start_engine: Callable[..., Any]) -> None:
    engine = start_engine()
    children = [
        int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == engine.process.pid
    ]
    assert children
    engine.process.kill()
    engine.process.wait()
    deadline = time.monotonic() + 60
    while any(_parent(str(pid)) is not None for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in children if _parent(str(pid)) is not None] == []


def _parent(pid: str) -> int | None:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            state, parent = stat.read().rsplit(")", 1)[1].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else int(parent)


def test_terminate_ends_it_cleanly(engine: Any) -> None:
    engine.process.terminate()
    assert engine.process.wait(timeout=60) == 0


def test_a_taken_port_is_said(start_engine: Callable[..., Any]) -> None:
    first = start_engine()
    second = start_engine(config={"address": first.address}, wait=False)
    assert second.process.wait(timeout=100) == 2
    assert "--port 0" in second.log.read_text()
    assert "Traceback" not in second.log.read_text()


def test_a_worker_that_cannot_start_ends_the_engine(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"threads": 13}, wait=False)
    assert engine.process.wait(timeout=100) == 2
    assert "this worker cannot start" in engine.log.read_text()
