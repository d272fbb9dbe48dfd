# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the wire: what is sent arrives, and nothing that arrives does harm."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.protocol import messages, wire
from aqgt.words import Word

seconds = st.floats(0, 1e4, allow_nan=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
unit = st.floats(-1, 1, width=32)


@st.composite
def words(draw: st.DrawFn) -> Word:
    start = draw(seconds)
    return Word(draw(texts), start, start + draw(st.floats(0, 5)), draw(st.sampled_from(["en", "de"])))


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(seconds)
    end = draw(st.none() | st.floats(0.01, 9).map(lambda length: start + length))
    labels = draw(st.dictionaries(texts, texts, max_size=3))
    return Span(
        start, end, draw(st.sampled_from(["left", "right", "both"])), labels, rest=draw(st.booleans())
    )


def arrays(*shape: int | st.SearchStrategy[int]) -> st.SearchStrategy[np.ndarray]:
    sizes = [size if isinstance(size, st.SearchStrategy) else st.just(size) for size in shape]
    return st.tuples(*sizes).flatmap(lambda s: hnp.arrays(np.float32, s, elements=unit, fill=unit))


motions = st.builds(Motion, st.floats(1, 120), arrays(st.integers(0, 3), 53, 3))
requests = st.builds(
    messages.GenerateRequest,
    audio=arrays(st.integers(0, 50)),
    words=st.lists(words(), max_size=3).map(tuple),
    spans=st.lists(spans(), max_size=3).map(tuple),
    preset=st.none() | texts,
    seed=st.integers(0, 2**63 - 1),
    seed_pose=st.none() | motions,
    before=st.none() | motions,
    end=st.none() | seconds,
)
provenances = st.builds(
    messages.Provenance, model=texts, model_hash=texts, licence=texts, commercial_use=st.booleans(),
    seed=st.integers(0, 9), inputs=st.dictionaries(texts, texts, max_size=2),
    timings=st.dictionaries(texts, seconds, max_size=2),
)  # fmt: skip
results = st.builds(
    messages.GenerateResult,
    motions=st.lists(motions, max_size=2).map(tuple),
    spans=st.lists(st.lists(spans(), max_size=2).map(tuple), max_size=2).map(tuple),
    tracks=st.lists(arrays(17, st.integers(0, 4)), max_size=2).map(tuple),
    provenance=st.lists(provenances, max_size=2).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
)
vocabularies = st.dictionaries(texts, st.lists(texts, max_size=3).map(tuple), max_size=3)
hellos = st.builds(
    messages.Hello, protocol=st.just(2), engine_version=texts, device=texts, models=st.just(()),
    max_seconds=seconds, max_variants=st.integers(1, 9), annotation_vocabulary=vocabularies,
)  # fmt: skip


def same(left: Any, right: Any) -> bool:
    """Equality that looks into arrays, and wants types equal as well."""
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
    if dataclasses.is_dataclass(left):
        return all(same(getattr(left, f.name), getattr(right, f.name)) for f in dataclasses.fields(left))
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right


@given(st.one_of(requests, results, hellos), st.text("0123456789abcdef", max_size=32))
@settings(max_examples=60, deadline=None)
def test_what_is_sent_arrives(body: Any, job: str) -> None:
    message = wire.decode(wire.encode(body, job))
    assert message.job == job
    assert same(message.body, body)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "i4", "i8", "u1", "?"])
def test_arrays_keep_dtype_shape_and_bytes(dtype: str) -> None:
    for shape in [(), (0,), (3,), (2, 0, 3), (2, 3, 4, 1), (70_000,), (3, 1000, 40)]:
        array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
        writer = wire._Writer()
        writer.write(array, 0)
        packed = writer.frame()
        for copy in (True, False):
            again = wire._unpack(msgpack.unpackb(packed), 0, copy)
            assert same(again, array)
            assert again.flags.writeable == copy


def test_more_values_than_allowed_are_refused_before_they_cost_anything() -> None:
    words = tuple(Word("a", 0.0, 1.0) for _ in range(100))
    frame = wire.encode(messages.SuggestRequest(np.zeros(1, np.float32), words))
    assert len(wire.decode(frame, most_values=8 * 100 + 100).body.words) == 100
    with pytest.raises(AqgtError, match="too many values"):
        wire.decode(frame, most_values=8 * 100 - 100)


def test_views_and_big_endian_arrays_arrive_as_what_they_mean() -> None:
    audio = np.arange(20, dtype=">f4")[::2]
    assert audio.dtype.byteorder == ">"
    arrived = wire.decode(wire.encode(messages.AlignRequest(audio, "a"))).body.audio
    assert np.array_equal(arrived, audio)
    assert arrived.dtype == np.float32


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_random_bytes_raise_nothing_but_our_error(data: bytes) -> None:
    with pytest.raises(AqgtError):
        wire.decode(data)


REAL = wire.encode(
    messages.GenerateRequest(
        np.zeros(3, np.float32), (Word("a", 0, 1),), (Span(0.5, labels={"phrase": "iconic"}),),
        seed_pose=Motion(15, np.zeros((1, 53, 3), np.float32)),
    ),
    "job",
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, len(REAL) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=400, deadline=None)
def test_damaged_messages_raise_nothing_but_our_error(damage: list[tuple[int, int]]) -> None:
    data = bytearray(REAL)
    for at, value in damage:
        data[at] = value
    # Anything else than an AqgtError fails the test by itself; damage may also hit a harmless byte.
    with contextlib.suppress(AqgtError):
        assert wire.decode(bytes(data)).body is not None


scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5)
scalars |= st.binary(max_size=8)
type_names = st.sampled_from([*wire.REGISTRY, "ndarray", "map", "object"])
keys = st.sampled_from(["!", "items", "dtype", "shape", "data", "audio", "words", "text", "start", "fps"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(
            lambda name, rest: {**rest, "!": name}, type_names, st.dictionaries(keys, inner, max_size=4)
        )
    ),
    max_leaves=12,
)


@given(values)
@settings(max_examples=400, deadline=None)
def test_well_formed_msgpack_of_the_wrong_content_raises_nothing_but_our_error(body: Any) -> None:
    frame = msgpack.packb({"version": 2, "job": "j", "body": body})
    try:
        message = wire.decode(frame)
    except AqgtError:
        return
    assert type(message.body).__name__ in wire.REGISTRY


def framed(body: Any, **outer: Any) -> bytes:
    return msgpack.packb({"version": 2, "job": "j", "body": body, **outer})


AUDIO = {"!": "ndarray", "dtype": "<f4", "shape": [1], "data": b"\0\0\0\0"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"!": "Popen", "args": "ls"}, id="type that is not registered"),
        pytest.param({"!": "Heartbeat", "extra": 1}, id="unknown field"),
        pytest.param({"!": "AlignRequest", "text": "a"}, id="missing field"),
        pytest.param({"!": "AlignRequest", "text": 1, "audio": AUDIO}, id="wrong type of a field"),
        pytest.param({"!": "AlignRequest", "text": "a", "audio": {**AUDIO, "dtype": "|O"}}, id="objects"),
        pytest.param(
            {"!": "AlignRequest", "text": "a", "audio": {**AUDIO, "dtype": "<f8"}}, id="wrong dtype"
        ),
        pytest.param(
            {"!": "AlignRequest", "text": "a", "audio": {**AUDIO, "shape": [2]}}, id="too few bytes"
        ),
        pytest.param(
            {"!": "AlignRequest", "text": "a", "audio": {**AUDIO, "shape": [-1]}}, id="negative size"
        ),
        pytest.param({"!": "AlignRequest", "text": "a", "audio": [0.0]}, id="list instead of array"),
        pytest.param({"!": "Word", "text": "a", "start": 2.0, "end": 1.0}, id="invalid word"),
        pytest.param({"!": "GenerateRequest", "audio": AUDIO, "variants": True}, id="True is no number"),
        pytest.param({"!": "GenerateRequest", "audio": AUDIO, "words": ["a"]}, id="words that are none"),
        pytest.param("Heartbeat", id="no message at all"),
    ],
)
def test_wrong_bodies_are_refused(body: Any) -> None:
    with pytest.raises(AqgtError):
        wire.decode(framed(body))


def test_the_same_bodies_are_accepted_when_right() -> None:
    assert wire.decode(framed({"!": "Heartbeat"})).body == messages.Heartbeat()
    right = {"!": "AlignRequest", "text": "a", "audio": AUDIO}
    assert wire.decode(framed(right)).body.text == "a"


def test_deep_nesting_is_refused() -> None:
    body: Any = 1
    for _ in range(wire.MAX_DEPTH + 2):
        body = [body]
    with pytest.raises(AqgtError, match="deep"):
        wire.decode(framed(body))
    for _ in range(5000):
        body = [body]
    with pytest.raises(AqgtError):
        wire.decode(b"\x83" + msgpack.packb("version") + b"\x02" + msgpack.packb("job") + b"\xa0"
                    + msgpack.packb("body") + b"\x91" * 200_000 + b"\x01")  # fmt: skip


def test_another_version_is_said_in_one_sentence_and_keeps_the_job() -> None:
    frame = wire.encode(messages.Heartbeat(), "job7", version=3)
    with pytest.raises(AqgtError) as caught:
        wire.decode(frame)
    assert caught.value.code == "protocol-version"
    assert "version 3" in caught.value.sentence
    assert wire.job_of(frame) == "job7"
    assert wire.job_of(b"nonsense") == ""


def test_too_large_messages_are_neither_sent_nor_read(monkeypatch: pytest.MonkeyPatch) -> None:
    request = messages.AlignRequest(np.zeros(5000, np.float32), "a")
    frame = wire.encode(request)
    monkeypatch.setattr(wire, "MAX_MESSAGE_BYTES", 10_000)
    for action in (lambda: wire.encode(request), lambda: wire.decode(frame)):
        with pytest.raises(AqgtError) as caught:
            action()
        assert caught.value.code == "too-large"


def test_only_messages_are_sent() -> None:
    for body in (object(), {"a": 1}, np.zeros(2)):
        with pytest.raises(AqgtError):
            wire.encode(body)
    with pytest.raises(AqgtError):
        wire.encode(messages.AlignRequest(np.array([None]), "a"))


def test_samples_take_the_right_precision_but_not_another_meaning() -> None:
    audio = np.linspace(-1, 1, 7)
    arrived = wire.decode(wire.encode(messages.AlignRequest(audio, "a"))).body.audio  # type: ignore[arg-type]
    assert same(arrived, audio.astype(np.float32))
    with pytest.raises(AqgtError, match="int16"):
        wire.encode(messages.AlignRequest(np.zeros(3, np.int16), "a"))  # type: ignore[arg-type]


@pytest.mark.parametrize("samples", [0xFFFF // 4, 0xFFFF // 4 + 1, 300_000])
def test_a_large_array_is_written_as_msgpack_itself_would(samples: int) -> None:
    audio = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    array = {"!": "ndarray", "dtype": "<f4", "shape": [samples], "data": audio.tobytes()}
    body = {"!": "AlignRequest", "audio": array, "text": "a", "language": "en"}
    frame = wire.encode(messages.AlignRequest(audio, "a"), "job")
    assert frame == msgpack.packb({"version": messages.PROTOCOL_VERSION, "job": "job", "body": body})


def test_arrays_travel_as_raw_bytes() -> None:
    audio = np.random.default_rng(0).standard_normal(100_000).astype(np.float32)
    assert len(wire.encode(messages.AlignRequest(audio, "a"))) < audio.nbytes + 500
