# SPDX-License-Identifier: GPL-3.0-or-later
"""Engine addresses: loopback only."""

from __future__ import annotations

import re

from aqgt.errors import AqgtError

DEFAULT_PORT = 5757
DEFAULT_ADDRESS = f"tcp://127.0.0.1:{DEFAULT_PORT}"

_FORM = re.compile(r"(?:tcp://)?(?P<host>[^:/\s]+):(?P<port>\d{1,5})/?")


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of an address such as ``tcp://127.0.0.1:5757``, ``localhost:5757``; port 0 is allowed.

    Raises:
        AqgtError: it is malformed, or names another machine.
    """
    match = _FORM.fullmatch(address.strip())
    if match is None or int(match["port"]) > 65535:
        raise AqgtError(
            f"“{address}” is no engine address.", f"Write it like {DEFAULT_ADDRESS}.", "bad-address"
        )
    host = "127.0.0.1" if match["host"] == "localhost" else match["host"]
    if host != "127.0.0.1":
        raise AqgtError(
            f"“{address}” is on another machine or open to the network, and the connection is not encrypted.",
            "Use 127.0.0.1; to reach another machine, forward its port through ssh -L.",
            "bad-address",
        )
    return host, int(match["port"])


def format_address(port: int) -> str:
    """The address of a port on this machine."""
    return f"tcp://127.0.0.1:{port}"
