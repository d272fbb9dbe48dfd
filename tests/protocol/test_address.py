# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines are reached on this machine only."""

from __future__ import annotations

import pytest

from aqgt.errors import AqgtError
from aqgt.protocol.address import DEFAULT_ADDRESS, parse_address
from aqgt.protocol.client import EngineClient


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:5757", "127.0.0.1:5757", " localhost:5757 ", DEFAULT_ADDRESS]
)
def test_spellings_of_one_address(address: str) -> None:
    assert parse_address(address) == ("127.0.0.1", 5757)


@pytest.mark.parametrize(
    "address", ["", "5757", "tcp://127.0.0.1", "tcp://127.0.0.1:70000", "ipc:///tmp/x", "tcp://127.0.0.1:x"]
)
def test_malformed_addresses_show_the_right_form(address: str) -> None:
    with pytest.raises(AqgtError) as caught:
        parse_address(address)
    assert "tcp://127.0.0.1:" in caught.value.next_step


@pytest.mark.parametrize("address", ["tcp://0.0.0.0:5757", "tcp://*:5757", "tcp://192.168.1.5:5757"])
def test_other_machines_and_open_ports_are_refused(address: str) -> None:
    with pytest.raises(AqgtError) as caught:
        parse_address(address)
    assert "ssh" in caught.value.next_step


def test_a_client_needs_a_real_port() -> None:
    with pytest.raises(AqgtError):
        EngineClient("tcp://127.0.0.1:0")
