# SPDX-License-Identifier: GPL-3.0-or-later
"""Engine addresses: this machine, or any other where both sides hold keys."""

from __future__ import annotations

import re

from aqgt.errors import AqgtError

DEFAULT_PORT = 5757
DEFAULT_ADDRESS = f"tcp://127.0.0.1:{DEFAULT_PORT}"
LOOPBACK = "127.0.0.1"

_FORM = re.compile(r"(?:tcp://)?(?P<host>[^:/\s]+):(?P<port>\d{1,5})/?")


def parse_address(address: str, *, with_keys: bool = False) -> tuple[str, int]:
    """Host and port of an address such as ``tcp://127.0.0.1:5757``, ``localhost:5757``; port 0 is allowed.

    Args:
        with_keys: the connection is encrypted by keys, so that it may leave this machine.

    Raises:
        AqgtError: it is malformed, or names another machine and there are no keys.
    """
    match = _FORM.fullmatch(address.strip())
    if match is None or int(match["port"]) > 65535:
        raise AqgtError(
            f"“{address}” is no engine address.", f"Write it like {DEFAULT_ADDRESS}.", "bad-address"
        )
    host = LOOPBACK if match["host"] == "localhost" else match["host"]
    if host != LOOPBACK and not with_keys:
        raise AqgtError(
            f"“{address}” is on another machine or open to the network, and there are no keys to encrypt "
            "the connection.",
            "Make keys with `aqgt keys new`, or use 127.0.0.1 and forward its port through ssh -L.",
            "bad-address",
        )
    return host, int(match["port"])


def format_address(port: int, host: str = LOOPBACK) -> str:
    """The address of a port, by default on this machine."""
    return f"tcp://{host}:{port}"
