# SPDX-License-Identifier: GPL-3.0-or-later
"""Harm for `soak.py`: killed workers and brokers, nonsense, rude clients, wrong keys, open ports."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import struct
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import zmq
from soak_engine import engine_of, listening_addresses, start, use_of, voice, wait_until
from soak_load import TOLERANCE, Figures, in_process

from aqgt.errors import AqgtError
from aqgt.protocol import Client, Timing, messages, wire
from aqgt.protocol.keys import new_keys


def killed_workers(model: str, times: int) -> Figures:
    """Workers killed in the middle of a job; each time another job waits behind it."""
    victim = messages.GenerateRequest(voice(120.0), model=model, deterministic=True)
    behind = [
        messages.GenerateRequest(voice(3.0, 2.0 * i), seed=i, model=model, deterministic=True)
        for i in range(times)
    ]
    clear, wrong = 0, 0
    back: list[float] = []
    expected = in_process(behind)
    with engine_of() as engine, Client(engine.address) as client:
        for i in range(times):
            job = client.submit(victim)
            after = client.submit(behind[i])
            _wait_for(client, job, messages.Progress)
            os.kill(engine.workers()[0], signal.SIGKILL)
            began = time.perf_counter()
            clear += getattr(_wait_for(client, job, messages.EngineError), "code", "") == "worker-crashed"
            result = _wait_for(client, after, messages.GenerateResult)
            back.append(time.perf_counter() - began)
            wrong += float(np.abs(result.motions[0].bone_vectors - expected[i]).max()) > TOLERANCE
        restarts = client.status().workers[0].restarts
    return [
        ("clear errors missing", times - clear, f"of {times}", 0),
        ("restarts missing", times - restarts, f"of {times}", 0),
        ("other jobs lost or wrong", wrong, f"of {times}", 0),
        ("until the next job is done, median", float(np.median(back)), "s", None),
    ]


def _wait_for(client: Client, job: str, kind: type) -> Any:
    """The last event of a job once it is of a kind."""
    events: list[Any] = []

    def there() -> bool:
        events.extend(client.poll(job))
        return bool(events) and isinstance(events[-1], kind)

    wait_until(there, 120)
    return events[-1]


def killed_broker(model: str) -> Figures:
    """The engine is killed in the middle of jobs of four clients, and started again at the same port."""
    engine = start()
    lost: list[float] = []
    results: dict[int, np.ndarray] = {}
    killed_at = [0.0]
    requests = [messages.GenerateRequest(voice(30.0, 3.0 * i), seed=i, model=model) for i in range(4)]

    def one(i: int) -> None:
        with Client(engine.address, timing=Timing(reconnect=120.0)) as client:
            result = client.generate(
                requests[i], on_lost=lambda seconds: lost.append(time.perf_counter() - killed_at[0])
            )
            results[i] = result.motions[0].bone_vectors

    threads = [threading.Thread(target=one, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    with Client(engine.address) as client:
        wait_until(lambda: client.status().running > 0, 60)
        time.sleep(0.2)
        killed_at[0] = time.perf_counter()
        engine.kill()
    time.sleep(3.5)
    again = start(address=engine.address)
    for thread in threads:
        thread.join(timeout=300)
    again.stop()
    expected = in_process(requests)
    right = sum(float(np.abs(results[i] - expected[i]).max()) <= TOLERANCE for i in range(4) if i in results)
    return [
        ("clients that did not notice", 4 - len(lost), "of 4", 0),
        ("last one knew after", max(lost, default=99.0), "s", 3.0),
        ("jobs that did not go on by themselves", 4 - right, "of 4", 0),
    ]


def nonsense(frames: int, seed: int) -> Figures:
    """Random bytes and damaged messages: each gets an answer, and nothing grows."""
    chance = random.Random(seed)
    audio = np.zeros(1600, np.float32)
    real = [
        wire.encode(messages.HelloRequest("fuzz"), "a"),
        wire.encode(messages.AlignRequest(audio, "one two"), "b"),
        wire.encode(messages.GenerateRequest(audio, model="debug"), "c"),
        wire.encode(messages.Cancel(), "d"),
        wire.encode(messages.StatusRequest(), "e"),
    ]
    sent = answered = 0
    with engine_of() as engine, zmq.Context() as context:
        dealer = context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.connect(engine.address)

        def volleys(count: int) -> None:
            nonlocal sent, answered
            for first in range(0, count, 100):
                volley = [_damaged(chance, real) for _ in range(min(100, count - first))]
                # Damage may hit a harmless byte; what is a real request then is not what is tested.
                volley = [frame for frame in volley if not _is_message(frame)]
                for frame in volley:
                    dealer.send(frame)
                sent += len(volley)
                answered += _refusals(dealer, len(volley))

        volleys(frames // 20)
        before = use_of(engine)
        volleys(frames - frames // 20)
        after = use_of(engine)
        with Client(engine.address) as client:
            alive = bool(client.hello().models)
        dealer.close()
    return [
        (f"malformed of {frames}", sent, "frames", None),
        ("not answered by an error", sent - answered, "frames", 0),
        ("growth", 100 * (after.memory_mib / before.memory_mib - 1), "%", 5.0),
        ("dead afterwards", float(not alive), "", 0),
    ]


def _is_message(frame: bytes) -> bool:
    try:
        wire.decode(frame)
    except AqgtError:
        return False
    return True


def _refusals(dealer: zmq.Socket, expected: int) -> int:
    got = 0
    while got < expected and dealer.poll(5000):
        got += isinstance(wire.decode(dealer.recv()).body, messages.EngineError)
    return got


def _damaged(chance: random.Random, real: list[bytes]) -> bytes:
    if chance.random() < 0.3:
        return chance.randbytes(chance.randrange(200))
    frame = bytearray(chance.choice(real))
    for _ in range(chance.randint(1, 8)):
        frame[chance.randrange(min(len(frame), 400))] = chance.randrange(256)
    if chance.random() < 0.3:
        del frame[chance.randrange(len(frame)) :]
    return bytes(frame)


def rude_clients(model: str, rounds: int) -> Figures:
    """Clients that never read or send half a message, while a polite one works."""
    request = messages.GenerateRequest(voice(5.0), model=model)
    with engine_of() as engine, Client(engine.address) as client, zmq.Context() as context:
        client.generate(request)
        calm = [_seconds(client, request) for _ in range(rounds)]
        host, port = engine.address.removeprefix("tcp://").split(":")
        halves = []
        for _ in range(20):
            raw = socket.create_connection((host, int(port)))
            # ZeroMQ's greeting and handshake, then a frame that promises 60 MiB and never comes.
            raw.sendall(b"\xff" + b"\0" * 8 + b"\x7f\x03\x00NULL" + b"\0" * 16 + b"\0" + b"\0" * 31)
            ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
            raw.sendall(b"\x04" + bytes([len(ready)]) + ready)
            raw.sendall(b"\x02" + struct.pack(">Q", 60 * 2**20) + b"half")
            halves.append(raw)
        deaf = context.socket(zmq.DEALER)
        deaf.setsockopt(zmq.LINGER, 0)
        deaf.setsockopt(zmq.RCVHWM, 1)
        deaf.connect(engine.address)
        for i in range(20_000):
            with contextlib.suppress(zmq.Again):
                deaf.send(wire.encode(messages.StatusRequest(), str(i)), zmq.DONTWAIT)
        before = use_of(engine)
        rude = [_seconds(client, request) for _ in range(rounds)]
        after = use_of(engine)
        for raw in halves:
            raw.close()
        deaf.close()
    return [
        ("a job with polite neighbours, median", 1000 * float(np.median(calm)), "ms", None),
        ("a job with rude ones", 1000 * float(np.median(rude)), "ms", None),
        ("memory more", after.memory_mib - before.memory_mib, "MiB", 50.0),
    ]


def _seconds(client: Client, request: messages.GenerateRequest) -> float:
    began = time.perf_counter()
    client.generate(request)
    return time.perf_counter() - began


def keys_and_ports() -> Figures:
    """Who gets in with which key, and where an engine listens unless told otherwise."""
    codes = {}
    with tempfile.TemporaryDirectory() as name:
        folder, other = Path(name) / "keys", Path(name) / "other"
        right = new_keys(folder, "anna")
        unlisted = new_keys(folder, "bert")
        (folder / "clients" / "bert.pub").unlink()
        wrong = new_keys(other, "carl")
        with engine_of(keys=str(folder)) as engine:
            for who, key in (("right", right), ("unlisted", unlisted), ("wrong", wrong), ("none", None)):
                with Client(engine.address, key_file=key) as client:
                    try:
                        codes[who] = client.hello().engine_version and "in"
                    except AqgtError as error:
                        codes[who] = error.code
    with engine_of() as engine:
        open_ones = [each for each in listening_addresses(engine) if not each.startswith("127.0.0.1:")]
        listening = len(listening_addresses(engine))
    print(f"  keys: {codes}")
    return [
        ("the right key is refused", float(codes["right"] != "in"), "", 0),
        ("others let in", sum(codes[who] == "in" for who in ("unlisted", "wrong", "none")), "", 0),
        ("listening sockets", listening, "", None),
        ("of them open to other machines", len(open_ones), "", 0),
    ]
