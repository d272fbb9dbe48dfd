# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets in, what rude clients can do, and what is never written down."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.protocol import Client, messages, wire
from aqgt.protocol.keys import new_keys, read_client_keys, read_engine_keys
from aqgt.service.config import EngineConfig
from aqgt.service.front import Front
from tests.service.talk import request, wait_for


def code_of(address: str, key: Path | None) -> str:
    """How a greeting with a key ends: "in", or the error's code."""
    with Client(address, key_file=key) as client:
        try:
            client.hello()
        except AqgtError as error:
            return error.code
    return "in"


def test_only_listed_keys_get_in_and_a_key_can_be_taken_back(
    start_engine: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "keys"
    anna, bert = new_keys(folder, "anna"), new_keys(folder, "bert")
    stranger = new_keys(tmp_path / "others", "carl")
    engine = start_engine(config={"keys": str(folder)})
    assert code_of(engine.address, anna) == "in"
    assert code_of(engine.address, bert) == "in"
    (folder / "clients" / "bert.pub").unlink()
    assert code_of(engine.address, bert) == "bad-key"
    assert code_of(engine.address, stranger) == "bad-key"
    assert code_of(engine.address, None) == "bad-key"
    # The engine's own public key with a client key that nobody listed.
    forged = tmp_path / "forged.key"
    public, secret = zmq.curve_keypair()
    engine_key = read_engine_keys(folder).public.decode()
    lines = [f"public = '{public.decode()}'", f"secret = '{secret.decode()}'", f"engine = '{engine_key}'"]
    forged.write_text("\n".join(lines))
    assert code_of(engine.address, forged) == "bad-key"
    with Client(engine.address, key_file=anna) as client:
        assert client.generate(request()).motions
    log = engine.log.read_text()
    assert "anna" in log
    for secret in (read_engine_keys(folder).secret, read_client_keys(anna).secret):
        assert secret.decode() not in log


def test_other_addresses_want_keys(start_engine: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="keys"):
        EngineConfig(address="tcp://0.0.0.0:5757")
    assert EngineConfig(address="tcp://0.0.0.0:5757", keys=str(tmp_path)).keys
    empty = start_engine(config={"keys": str(tmp_path)}, wait=False)
    assert empty.process.wait(timeout=100) == 2
    assert "aqgt keys new" in empty.log.read_text()
    with pytest.raises(AqgtError, match="keys"):
        Client("tcp://192.168.1.5:5757")


def test_key_files(tmp_path: Path) -> None:
    made = new_keys(tmp_path, "anna")
    engine = read_engine_keys(tmp_path)
    new_keys(tmp_path, "bert")
    assert read_engine_keys(tmp_path) == engine, "the engine keeps its keys"
    keys = read_client_keys(made)
    assert keys.engine == engine.public
    assert keys.secret.decode() not in repr(keys)
    assert engine.secret.decode() not in repr(engine)
    if sys.platform != "win32":
        assert stat.S_IMODE(made.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "engine.key").stat().st_mode) == 0o600
    assert engine.secret.decode() not in made.read_text()
    with pytest.raises(AqgtError) as caught:
        new_keys(tmp_path, "anna")
    assert caught.value.code == "name-taken"
    for name in ("../anna", "", "engine", "a b"):
        with pytest.raises(AqgtError) as caught:
            new_keys(tmp_path, name)
        assert caught.value.code == "bad-name"
    for damage in ("public = '", "secret = 3\n", ""):
        made.write_text(f"{damage}{keys.secret.decode()}")
        with pytest.raises(AqgtError) as caught:
            read_client_keys(made)
        assert keys.secret.decode() not in str(caught.value)


# ---------------------------------------------------------------- nonsense and rudeness


@pytest.fixture(scope="module")
def dealer_of() -> Iterator[Callable[[str], Any]]:
    """A raw socket to an engine, the same one for an address."""
    context = zmq.Context()
    made: dict[str, Any] = {}

    def open_one(address: str) -> Any:
        if address not in made:
            made[address] = context.socket(zmq.DEALER)
            made[address].connect(address)
        return made[address]

    yield open_one
    context.destroy(linger=0)


HEARTBEAT = wire.encode(messages.Heartbeat(), "job")
ALIGN = wire.encode(messages.AlignRequest(np.zeros(4, np.float32), "one"), "job")
damaged = st.tuples(
    st.sampled_from([HEARTBEAT, ALIGN]),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), min_size=1, max_size=6),
)


@given(st.lists(st.binary(max_size=120) | damaged, min_size=20, max_size=40))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_frame_that_is_no_message_is_answered_by_an_error(
    engine: Any, dealer_of: Callable[[str], Any], frames: list[Any]
) -> None:
    dealer = dealer_of(engine.address)
    bad = []
    for frame in frames:
        if isinstance(frame, tuple):
            changed = bytearray(frame[0])
            for at, value in frame[1]:
                changed[at % len(changed)] = value
            frame = bytes(changed)
        with contextlib.suppress(AqgtError):
            wire.decode(frame)
            continue
        bad.append(frame)
    for frame in bad:
        dealer.send(frame)
    for frame in bad:
        assert dealer.poll(60_000), frame
        assert isinstance(wire.decode(dealer.recv()).body, messages.EngineError)
    assert engine.process.poll() is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([[]] * 2_000_001, id="many lists"),
        pytest.param({"!": "AlignRequest", "text": "a" * (2**20 + 1)}, id="a long text"),
        pytest.param(msgpack.ExtType(4, b"x"), id="an ext type"),
        pytest.param(msgpack.Timestamp(1), id="a timestamp"),
    ],
)
def test_what_would_cost_more_than_it_weighs_is_refused(body: Any) -> None:
    frame = msgpack.packb({"version": 2, "job": "j", "body": body})
    with pytest.raises(AqgtError) as caught:
        wire.decode(frame)
    assert caught.value.code == "bad-message"


def test_rude_clients_disturb_nobody(engine: Any) -> None:
    host, port = engine.address.removeprefix("tcp://").split(":")
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            raw = stack.enter_context(socket.create_connection((host, int(port))))
            # ZeroMQ's greeting and handshake, then a frame that promises 60 MiB and never comes.
            raw.sendall(b"\xff" + b"\0" * 8 + b"\x7f\x03\x00NULL" + b"\0" * 48)
            ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
            raw.sendall(b"\x04" + bytes([len(ready)]) + ready)
            raw.sendall(b"\x02" + struct.pack(">Q", 60 * 2**20) + b"half")
        context = stack.enter_context(zmq.Context())
        deaf = context.socket(zmq.DEALER)
        deaf.setsockopt(zmq.LINGER, 0)
        deaf.setsockopt(zmq.RCVHWM, 1)
        deaf.connect(engine.address)
        deaf.send(wire.encode(request("slow", 4.0), "unread"))
        for number in range(5000):
            with contextlib.suppress(zmq.Again):
                deaf.send(wire.encode(messages.StatusRequest(), str(number)), zmq.DONTWAIT)
        with Client(engine.address) as client:  # which does not wait for ever
            assert client.generate(request(seed=1)).motions
        deaf.close()


def test_results_reach_a_client_that_did_not_read_for_a_while(engine: Any) -> None:
    context = zmq.Context()
    slow = context.socket(zmq.DEALER)
    slow.setsockopt(zmq.RCVHWM, 1)
    slow.connect(engine.address)
    # Each is about 6 MB of progress in 300 messages, and 6 MB of result.
    names = ["one", "two", "three"]
    for name in names:
        slow.send(wire.encode(request(seconds=590.0), name))
    with Client(engine.address) as client:
        deadline = time.monotonic() + 100
        while client.status().finished < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert client.status().kept_results == 3
    results, progress = set(), 0
    while results != set(names):
        slow.send(HEARTBEAT)
        while slow.poll(300):
            answer = wire.decode(slow.recv())
            progress += isinstance(answer.body, messages.Progress)
            if isinstance(answer.body, messages.GenerateResult):
                results.add(answer.job)
        assert time.monotonic() < deadline + 100, results
    assert progress < 3 * 295, "nothing was ever dropped: this test tests nothing"
    slow.close(linger=0)
    context.term()


def test_too_many_clients_and_too_many_jobs_of_one(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"limits": {"clients": 2, "per_client": 2}})
    with Client(engine.address) as first, Client(engine.address) as second, Client(engine.address) as third:
        jobs = [first.submit(request("slow", 20.0)) for _ in range(3)]
        error = wait_for(first, jobs[2], messages.EngineError)[-1]
        assert error.code == "queue-full"
        assert "per_client" in error.next_step
        second.hello()
        with pytest.raises(AqgtError) as caught:
            third.hello()
        assert caught.value.code == "too-many-clients"


def test_too_many_words_and_annotations_are_refused(start_engine: Callable[..., Any]) -> None:
    engine = start_engine(config={"limits": {"words": 3, "spans": 1}})
    with Client(engine.address) as client:
        assert client.align(np.ones(16_000, np.float32), "one two three").words
        with pytest.raises(AqgtError) as caught:
            client.align(np.ones(16_000, np.float32), "one two three four")
        assert caught.value.code == "too-many-words"
        for many in (request(spans=(Span(0.0), Span(1.0))), _suggest(Span(0.0), Span(1.0))):
            error = wait_for(client, client.submit(many), messages.EngineError)[-1]
            assert error.code == "too-many-spans"


def _suggest(*keep: Span) -> messages.SuggestRequest:
    return messages.SuggestRequest(np.ones(16_000, np.float32), keep=keep)


def test_a_frame_above_the_limit_ends_the_connection_and_nothing_else(
    start_engine: Callable[..., Any],
) -> None:
    engine = start_engine(config={"limits": {"message_mib": 1}})
    with Client(engine.address) as client, Client(engine.address) as large:
        with pytest.raises(AqgtError):
            large.align(np.ones(400_000, np.float32), "one")
        assert client.generate(request()).motions


def test_a_program_without_our_code_can_speak_with_an_engine(engine: Any) -> None:
    """As engine/aqgt/protocol/README.md tells it: msgpack and ZeroMQ, nothing of aqgt."""
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.connect(engine.address)
    sound = np.zeros(32_000, "<f4")
    audio = {"!": "ndarray", "dtype": "<f4", "shape": [32_000], "data": sound.tobytes()}
    body = {"!": "GenerateRequest", "audio": audio, "model": "fake", "seed": 5}
    dealer.send(msgpack.packb({"version": 2, "job": os.urandom(16).hex(), "body": body}))
    kinds = []
    while "GenerateResult" not in kinds:
        assert dealer.poll(60_000), kinds
        answer = msgpack.unpackb(dealer.recv())["body"]
        kinds.append(answer["!"])
    vectors = answer["motions"][0]["bone_vectors"]
    assert vectors["shape"] == [30, 53, 3]
    assert np.frombuffer(vectors["data"], vectors["dtype"]).size == 30 * 53 * 3
    assert kinds[0] == "Accepted"
    assert "Progress" in kinds
    dealer.close(linger=0)
    context.term()


def test_a_mistake_of_the_engine_itself_ends_one_message() -> None:
    context = zmq.Context()
    front = Front(context, EngineConfig(address="tcp://127.0.0.1:0"))
    dealer = context.socket(zmq.DEALER)
    dealer.connect(front.address)

    def stumble(client: bytes, frame: bytes) -> None:
        raise KeyError("ours")

    dealer.send(wire.encode(messages.StatusRequest(), "mine"))
    assert front.socket.poll(60_000)
    front.take(stumble)
    assert dealer.poll(60_000)
    answer = wire.decode(dealer.recv())
    assert (answer.job, answer.body.code) == ("mine", "internal")
    context.destroy(linger=0)
