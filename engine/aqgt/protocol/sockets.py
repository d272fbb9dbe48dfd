# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's socket, and what its monitor tells of the connection."""

from __future__ import annotations

import contextlib
import socket
import sys
from enum import Enum

import zmq

from aqgt.errors import AqgtError
from aqgt.protocol import wire
from aqgt.protocol.address import parse_address
from aqgt.protocol.keys import ClientKeys

_REFUSED = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
)
_ADOPTED = zmq.EVENT_HANDSHAKE_SUCCEEDED
_NEVER_MS = 24 * 3600 * 1000


class News(Enum):
    """What has become of a connection."""

    NONE = "none"
    LOST = "lost"
    REFUSED = "refused"


class Bell:
    """Wakes a thread that waits for its socket; may be rung from any thread."""

    def __init__(self) -> None:
        self._rope, self._clapper = socket.socketpair()
        self._rope.setblocking(False)
        self._clapper.setblocking(False)

    def fileno(self) -> int:
        """What can be polled."""
        return self._clapper.fileno()

    def ring(self) -> None:
        """Wake whoever waits, now or next."""
        with contextlib.suppress(OSError):  # it rings already, or nobody is there any more
            self._rope.send(b"!")

    def silence(self) -> None:
        """Forget all rings so far."""
        with contextlib.suppress(OSError):
            while self._clapper.recv(4096):
                pass

    def close(self) -> None:
        """Nobody waits any more."""
        self._rope.close()
        self._clapper.close()


class Dealer:
    """A DEALER socket to an engine.

    Args:
        context: its context.
        address: where the engine is.
        keys: encrypt with these; None: in clear, on this machine.
    """

    def __init__(self, context: zmq.Context, address: str, keys: ClientKeys | None) -> None:
        self._socket = context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, wire.MAX_MESSAGE_BYTES)
        # A socket that lost its peer would reconnect by itself, and the engine would take it for a stranger.
        # Not -1: with it libzmq throws away what has arrived and was not read before the connection ended.
        self._socket.setsockopt(zmq.RECONNECT_IVL, _NEVER_MS)
        if keys is not None:
            self._socket.curve_publickey, self._socket.curve_secretkey = keys.public, keys.secret
            self._socket.curve_serverkey = keys.engine
        self._monitor = self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED | _ADOPTED | sum(_REFUSED))
        self._in = self._shaken = False
        self._socket.connect(address)

    def send(self, frame: bytes) -> None:
        """Hand a frame to libzmq, which sends it when it can; dropped where a thousand wait already."""
        try:
            self._socket.send(frame, zmq.DONTWAIT)
        except zmq.Again:
            return

    def receive(self, wait_ms: int = 0, bell: Bell | None = None) -> bytes | None:
        """The next frame; None where none came in time, or where the bell rang first."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        if bell is not None:
            poller.register(bell.fileno(), zmq.POLLIN)
        found = dict(poller.poll(wait_ms))
        if bell is not None and bell.fileno() in found:
            bell.silence()
        return self._socket.recv() if self._socket in found else None

    def news(self) -> News:
        """What has happened to the connection since the last call."""
        found = News.NONE
        while self._monitor.poll(0):
            # zmq.utils.monitor reads it, too, but imports asyncio, for which Blender would wait.
            event = int.from_bytes(self._monitor.recv_multipart()[0][:2], sys.byteorder)
            if event == _ADOPTED:
                self._shaken = True
            elif found is not News.REFUSED:
                found = News.REFUSED if event in _REFUSED else News.LOST
        return found

    @property
    def shaken(self) -> bool:
        """Whether the other side has spoken ZeroMQ with us."""
        return self._shaken

    def close(self) -> None:
        """What was sent last (a cancel) may still leave, but nothing waits for it long."""
        self._socket.disable_monitor()
        self._socket.close(linger=200)


def somebody_listens(address: str, patience: float, *, with_keys: bool) -> bool:
    """Zmq tries to connect for ever; a plain socket says within milliseconds whether anyone listens."""
    try:
        socket.create_connection(parse_address(address, with_keys=with_keys), timeout=patience).close()
    except (OSError, AqgtError):
        return False
    return True
