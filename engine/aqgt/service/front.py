# SPDX-License-Identifier: GPL-3.0-or-later
"""The side of the broker that faces clients: one socket, who is there, and answers that never block."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq

from aqgt.errors import AqgtError
from aqgt.protocol import failures, messages, wire
from aqgt.protocol.address import format_address, parse_address
from aqgt.service.config import EngineConfig
from aqgt.service.security import Gatekeeper

log = logging.getLogger("aqgt.broker")

_AT_ONCE, _AT_ONCE_SECONDS = 32, 0.02
"""Messages taken in a row, and for how long, so that one busy sender does not starve the workers."""
_LOOK_FOR_GONE_EVERY = 0.1
_UNREAD = 200
"""Answers that wait for a client that does not read; further ones are dropped (results are kept)."""
_AHEAD = 4
"""Requests that libzmq reads ahead per client: each may be as large as the limit."""
_PING_MS, _PONG_MS = 10_000, 30_000


class Front:
    """The clients' socket.

    Args:
        context: its context.
        config: the engine's configuration.

    Raises:
        AqgtError: the port is taken, or there are no keys where some are needed.
    """

    def __init__(self, context: zmq.Context, config: EngineConfig) -> None:
        self._config = config
        self._heard: dict[bytes, float] = {}
        self._last_look = time.monotonic()
        self._gone: set[bytes] = set()
        self._looked_for_gone = 0.0
        self.gate = None if config.keys is None else Gatekeeper(context, Path(config.keys).expanduser())
        self.socket = context.socket(zmq.ROUTER)
        for option, value in (
            (zmq.LINGER, 200),
            (zmq.MAXMSGSIZE, config.limits.message_mib * 2**20),
            (zmq.SNDHWM, _UNREAD),
            (zmq.RCVHWM, _AHEAD),
            # Who has gone is an error to know of, not a message to lose in silence.
            (zmq.ROUTER_MANDATORY, 1),
            (zmq.HEARTBEAT_IVL, _PING_MS),
            (zmq.HEARTBEAT_TIMEOUT, _PONG_MS),
        ):
            self.socket.setsockopt(option, value)
        if self.gate is not None:
            self.gate.guard(self.socket)
        self.address = self._bind()

    def _bind(self) -> str:
        host, port = parse_address(self._config.address, with_keys=self.gate is not None)
        try:
            if port == 0:
                port = self.socket.bind_to_random_port(f"tcp://{host}")
            else:
                self.socket.bind(format_address(port, host))
        except zmq.ZMQError as error:
            raise AqgtError(
                f"Port {port} of {host} cannot be used ({error}).",
                "Another engine may be running there: use that one, or choose --port 0 for any free port.",
                "port-taken",
            ) from error
        return format_address(port, host)

    @property
    def clients(self) -> int:
        """Clients heard lately, less those that were found to have gone."""
        return len(self._heard) - len(self._gone)

    def take(self, handle: Callable[[bytes, zmq.Frame], None]) -> None:
        """Hand over what has arrived, identity and frame; what is malformed is answered here."""
        if self.gate is not None:
            self.gate.answer()
        until = time.monotonic() + _AT_ONCE_SECONDS
        for _ in range(_AT_ONCE):
            if time.monotonic() > until or not self.socket.poll(0):
                return
            # Frames stay where libzmq has put them: a request is sent on from there, without another copy.
            sender, *frames = self.socket.recv_multipart(copy=False)
            client = sender.bytes
            frame = frames[0] if frames else zmq.Frame()
            try:
                self._note(client)
                if len(frames) != 1:
                    raise AqgtError(
                        f"A message is one frame, not {len(frames)}.",
                        "Send it from a DEALER socket, without an empty frame before it.",
                        "bad-message",
                    )
                handle(client, frame)
            except AqgtError as error:
                self.tell(client, wire.job_of(frame.buffer), failures.as_message(error))
            except Exception:
                # A mistake of ours in one client's message must not end the others' jobs.
                log.exception("a message could not be handled")
                self.tell(client, wire.job_of(frame.buffer), failures.internal())

    def _note(self, client: bytes) -> None:
        if client not in self._heard and self._is_full():
            raise AqgtError(
                f"{self.clients} clients are connected already.",
                "Try again later, or raise limits.clients in the engine's configuration.",
                "too-many-clients",
            )
        self._heard[client] = time.monotonic()
        self._gone.discard(client)

    def _is_full(self) -> bool:
        """Whether there are as many clients as allowed; those that have closed their connection do not count.

        Nothing tells of a closed connection but a message that cannot be sent.
        """
        now = time.monotonic()
        if self.clients >= self._config.limits.clients and now - self._looked_for_gone > _LOOK_FOR_GONE_EVERY:
            self._looked_for_gone = now
            sign_of_life = wire.encode(messages.Heartbeat())
            for client in self._heard.keys() - self._gone:
                try:
                    self.socket.send_multipart([client, sign_of_life], zmq.DONTWAIT)
                except zmq.ZMQError as error:
                    if error.errno == zmq.EHOSTUNREACH:
                        self._gone.add(client)
        return self.clients >= self._config.limits.clients

    def tell(self, client: bytes, job: str, body: Any) -> bool:
        """Send a message; False: the client has gone, or does not read."""
        return self.send(client, wire.encode(body, job))

    def send(self, client: bytes, frame: bytes | zmq.Frame) -> bool:
        """Send a frame as it is; False: the client has gone, or does not read."""
        try:
            self.socket.send_multipart([client, frame], zmq.DONTWAIT, copy=False)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                raise
            return False
        return True

    def silent(self) -> list[bytes]:
        """The clients that have said nothing for too long; they are forgotten."""
        now = time.monotonic()
        if now - self._last_look > 5.0:
            # After a stall (suspended machine) nobody could be heard: begin counting anew.
            self._heard = dict.fromkeys(self._heard, now)
        self._last_look = now
        patience = self._config.timing.client_silence
        gone = [client for client, heard in self._heard.items() if now - heard > patience]
        for client in gone:
            del self._heard[client]
            self._gone.discard(client)
        return gone
