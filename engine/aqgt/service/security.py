# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may connect: CurveZMQ keys on the socket, and the list of clients, asked by ZAP (ZeroMQ RFC 27).

The handler runs in the broker's own loop; pyzmq's authenticators each bring a thread with an asyncio loop.
"""

from __future__ import annotations

import logging
from pathlib import Path

import zmq
import zmq.utils.z85

from aqgt.errors import AqgtError
from aqgt.protocol.keys import allowed_clients, read_engine_keys

log = logging.getLogger("aqgt.security")

_ADDRESS = "inproc://zeromq.zap.01"
_FIELDS = 7
"""version, request id, domain, address, identity, mechanism, key."""


class Gatekeeper:
    """Lets in whose public key lies in the folder of keys.

    Args:
        context: the context of the sockets that it guards.
        folder: made by `aqgt.protocol.keys.new_keys`.

    Raises:
        AqgtError: the folder has no keys, or no client is listed.
    """

    def __init__(self, context: zmq.Context, folder: Path) -> None:
        self._folder = folder
        self._keys = read_engine_keys(folder)
        if not allowed_clients(folder):
            raise AqgtError(
                f"No client is listed in {folder}.", "Make its keys with `aqgt keys new`.", "no-keys"
            )
        self.socket = context.socket(zmq.REP)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(_ADDRESS)

    def guard(self, socket: zmq.Socket) -> None:
        """Encrypt what a socket will bind, and ask here for each who connects."""
        socket.curve_server = True
        socket.curve_secretkey, socket.curve_publickey = self._keys.secret, self._keys.public
        socket.zap_domain = b"aqgt"

    def answer(self) -> None:
        """Answer the requests that have arrived."""
        while self.socket.poll(0):
            parts = self.socket.recv_multipart()
            request = parts[1] if len(parts) > 1 else b""
            name = self._name_of(parts)
            if name is None:
                self.socket.send_multipart([b"1.0", request, b"400", b"unknown key", b"", b""])
            else:
                self.socket.send_multipart([b"1.0", request, b"200", b"", name.encode(), b""])

    def _name_of(self, parts: list[bytes]) -> str | None:
        """The client of a request; None: it is not let in."""
        if len(parts) != _FIELDS or parts[0] != b"1.0" or parts[5] != b"CURVE":
            return None
        where = parts[3].decode("ascii", "replace")
        try:
            # Read anew each time: who is taken off the list is out without a restart.
            name = allowed_clients(self._folder).get(zmq.utils.z85.encode(parts[6]))
        except AqgtError as error:
            log.error("nobody is let in: %s", error)
            return None
        if name is None:
            log.warning("somebody at %s was refused: the key is not listed", where)
            return None
        log.info("a client at %s is let in", where, extra={"client": name})
        return name
