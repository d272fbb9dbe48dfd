# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes on the wire are those that other programs were written against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgpack
import pytest

from aqgt.protocol import messages, wire
from tests.protocol.golden import EXAMPLES, FOLDER
from tests.protocol.test_wire import same


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_message_has_the_bytes_that_are_written_down(name: str) -> None:
    job, body = EXAMPLES[name]
    frame = (FOLDER / f"{name}.bin").read_bytes()
    assert wire.encode(body, job) == frame
    message = wire.decode(frame)
    assert message.job == job
    assert same(message.body, wire.decode(wire.encode(body, job)).body)
    assert type(message.body) is type(body)


def test_every_message_has_an_example_and_stands_in_the_description(checkout: Path) -> None:
    description = (checkout / "engine" / "aqgt" / "protocol" / "README.md").read_text(encoding="utf-8")
    seen: set[str] = set()
    for name in EXAMPLES:
        _collect(msgpack.unpackb((FOLDER / f"{name}.bin").read_bytes())["body"], seen)
    assert seen - {"ndarray", "map"} == set(wire.REGISTRY)
    assert [name for name in wire.REGISTRY if f"`{name}`" not in description] == []
    assert {path.stem for path in FOLDER.glob("*.bin")} == set(EXAMPLES)


def _collect(value: Any, seen: set[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, seen)
    elif isinstance(value, dict):
        seen |= {value["!"]} if "!" in value else set()
        for item in value.values():
            _collect(item, seen)


def test_the_example_in_the_description_is_the_heartbeats_bytes(checkout: Path) -> None:
    description = (checkout / "engine" / "aqgt" / "protocol" / "README.md").read_text(encoding="utf-8")
    frame = wire.encode(messages.Heartbeat())
    assert frame.hex(" ") in description
