# SPDX-License-Identifier: GPL-3.0-or-later
"""The broker: it answers clients at once, whatever the workers are doing, and hands jobs to them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import zmq

from aqgt.errors import AqgtError
from aqgt.protocol import messages, wire
from aqgt.protocol.address import format_address, parse_address
from aqgt.service.checks import check_request
from aqgt.service.config import EngineConfig
from aqgt.service.jobs import Job, JobQueue
from aqgt.service.pool import Worker, WorkerPool

log = logging.getLogger("aqgt.broker")

DEFAULT_BACKEND = "aqgt.service.backend:ModelBackend"

_TICK_MS = 100
_JOBS = (messages.GenerateRequest, messages.AlignRequest, messages.SuggestRequest)


class Broker:
    """One engine.

    Args:
        config: the engine's configuration.
        factory: ``"module:callable"`` that makes each worker's `Backend`.

    Raises:
        AqgtError: the port is taken.
    """

    def __init__(self, config: EngineConfig, factory: str = DEFAULT_BACKEND) -> None:
        self._config = config
        self._started = time.monotonic()
        self._stop = threading.Event()
        self._hello: messages.Hello | None = None
        self._early: list[tuple[bytes, str]] = []
        self._heard: dict[bytes, float] = {}
        self._last_tick = 0.0
        self._context = zmq.Context()
        self._clients = self._context.socket(zmq.ROUTER)
        self._clients.setsockopt(zmq.LINGER, 200)
        self._clients.setsockopt(zmq.MAXMSGSIZE, config.limits.message_mib * 2**20)
        self.address = self._bind()
        self._backstage = self._context.socket(zmq.ROUTER)
        self._backstage.setsockopt(zmq.LINGER, 0)
        inner = self._backstage.bind_to_random_port("tcp://127.0.0.1")
        self._queue = JobQueue(config.limits.waiting)
        self._pool = WorkerPool(format_address(inner), factory, config)

    def _bind(self) -> str:
        _, port = parse_address(self._config.address)
        try:
            if port == 0:
                port = self._clients.bind_to_random_port("tcp://127.0.0.1")
            else:
                self._clients.bind(format_address(port))
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise AqgtError(
                f"Port {port} cannot be used ({error}).",
                "Another engine may be running there: use that one, or choose --port 0 for any free port.",
                "port-taken",
            ) from error
        return format_address(port)

    def stop(self) -> None:
        """End `run` soon; callable from any thread."""
        self._stop.set()

    def run(self, on_ready: Callable[[str], None] | None = None) -> None:
        """Serve until `stop`; ``on_ready`` is called with the address once a worker can take jobs.

        Raises:
            AqgtError: the workers cannot start.
        """
        poller = zmq.Poller()
        poller.register(self._clients, zmq.POLLIN)
        poller.register(self._backstage, zmq.POLLIN)
        announced = False
        try:
            while not self._stop.is_set():
                ready = dict(poller.poll(_TICK_MS))
                if self._clients in ready:
                    self._drain(self._clients, self._from_client)
                if self._backstage in ready:
                    self._drain(self._backstage, self._from_worker)
                self._watch()
                self._assign()
                if self._hello is not None and not announced:
                    announced = True
                    if on_ready is not None:
                        on_ready(self.address)
        finally:
            self._pool.close()
            self._context.destroy(linger=200)

    def _drain(self, socket: zmq.Socket, handle: Callable[[bytes, bytes], None]) -> None:
        # At most a few per turn, so that one busy sender does not starve the other socket.
        for _ in range(32):
            if not socket.poll(0):
                return
            parts = socket.recv_multipart()
            if len(parts) == 2:
                handle(parts[0], parts[1])

    # ------------------------------------------------------------ clients

    def _from_client(self, client: bytes, frame: bytes) -> None:
        self._heard[client] = time.monotonic()
        try:
            message = wire.decode(frame)
            self._answer(client, message)
        except AqgtError as error:
            self._refuse(client, wire.job_of(frame), error)

    def _answer(self, client: bytes, message: wire.Message) -> None:
        body = message.body
        if isinstance(body, messages.Heartbeat):
            self._tell(client, message.job, messages.Heartbeat())
        elif isinstance(body, messages.HelloRequest):
            log.info("hello from %s", body.client[:80] or "a client")
            if self._hello is None:
                # A sign of life, so that the client waits while the models load.
                self._tell(client, message.job, messages.Heartbeat())
                self._early.append((client, message.job))
            else:
                self._tell(client, message.job, self._hello)
        elif isinstance(body, messages.StatusRequest):
            self._tell(client, message.job, self._status())
        elif isinstance(body, messages.Cancel):
            self._cancel(client, message.job)
        elif isinstance(body, _JOBS):
            self._accept(client, message)
        else:
            raise AqgtError(
                f"An engine takes no “{type(body).__name__}”.",
                "Install the same version of the engine and of the client.",
                "unknown-request",
            )

    def _accept(self, client: bytes, message: wire.Message) -> None:
        check_request(message.body, self._config.limits)
        if not message.job or self._queue.find(client, message.job) is not None:
            raise AqgtError("The job has no name of its own.", "Give each job another id.", "bad-message")
        if self._queue.full:
            raise AqgtError(
                f"{self._queue.waiting} jobs are waiting already.",
                "Try again later, or raise limits.waiting in the engine's configuration.",
                "queue-full",
            )
        self._queue.add(client, message.job, message.body)
        self._assign()
        self._tell_positions()

    def _cancel(self, client: bytes, name: str) -> None:
        self._tell(client, name, messages.Cancelled())
        job = self._queue.find(client, name)
        if job is not None:
            self._abandon(job)

    def _abandon(self, job: Job) -> None:
        """Nobody wants the job any more; a running one keeps its worker until that notices."""
        if not self._queue.is_running(job):
            self._queue.end(job)
            self._tell_positions()
        elif job.cancelled_at is None:
            job.cancelled_at = time.monotonic()
            worker = self._pool.working_on(job.number)
            if worker is not None and worker.identity is not None:
                self._backstage.send_multipart([worker.identity, wire.encode(messages.Cancel(), job.number)])

    def _status(self) -> messages.EngineStatus:
        uptime = time.monotonic() - self._started
        return messages.EngineStatus(self._queue.running, self._queue.waiting, self._queue.finished, uptime)

    def _tell(self, client: bytes, name: str, body: Any) -> None:
        self._clients.send_multipart([client, wire.encode(body, name)])

    def _refuse(self, client: bytes, name: str, error: AqgtError) -> None:
        self._tell(client, name, messages.EngineError(error.code, error.sentence, error.next_step))

    def _tell_positions(self) -> None:
        for job, position in self._queue.moved():
            if job.cancelled_at is None:
                self._tell(job.client, job.name, messages.Accepted(position))

    # ------------------------------------------------------------ workers

    def _assign(self) -> None:
        started = False
        while (worker := self._pool.idle()) is not None and (job := self._queue.start_next()) is not None:
            worker.job = job.number
            assert worker.identity is not None
            self._backstage.send_multipart([worker.identity, wire.encode(job.request, job.number)])
            job.request = None  # the worker has it now; recordings are large
            started = True
        if started:
            self._tell_positions()

    def _from_worker(self, identity: bytes, frame: bytes) -> None:
        worker = self._pool.known(identity)
        try:
            message = wire.decode(frame)
        except AqgtError:
            if worker is not None:
                log.exception("a worker sent something unreadable")
            return
        if worker is None:
            self._introduce(identity, message)
            return
        job = self._queue.by_number(message.job)
        if job is None:
            return
        final = not isinstance(message.body, messages.Progress)
        if job.cancelled_at is None:
            self._clients.send_multipart([job.client, wire.encode(message.body, job.name)])
        if final:
            worker.job = None
            self._queue.end(job)
            self._tell_positions()

    def _introduce(self, identity: bytes, message: wire.Message) -> None:
        if not self._pool.introduce(identity, message.job):
            return
        if isinstance(message.body, messages.EngineError):
            raise AqgtError(message.body.sentence, message.body.next_step, message.body.code)
        if isinstance(message.body, messages.Hello):
            self._hello = message.body
            for client, name in self._early:
                self._tell(client, name, self._hello)
            self._early.clear()

    # ------------------------------------------------------------ watching

    def _watch(self) -> None:
        now = time.monotonic()
        if now - self._last_tick > 5.0:
            # After a stall (suspended machine) nobody could be heard: begin counting anew.
            self._heard = dict.fromkeys(self._heard, now)
        self._last_tick = now
        for worker in self._pool.dead():
            self._mourn(worker)
        for job in self._queue:
            if job.cancelled_at is not None and now - job.cancelled_at > self._config.timing.cancel_grace:
                self._replace_stuck(job)
        for client, heard in list(self._heard.items()):
            if now - heard > self._config.timing.client_silence:
                del self._heard[client]
                for job in self._queue.of_client(client):
                    log.info("a client has gone; its job is given up")
                    self._abandon(job)

    def _mourn(self, worker: Worker) -> None:
        if worker.identity is None:
            raise AqgtError("A worker ended before it was ready.", "The log above says why.", "worker-start")
        log.error("a worker died (exit code %s); starting another", worker.process.exitcode)
        job = self._queue.by_number(worker.job) if worker.job is not None else None
        self._pool.replace(worker)
        if job is None:
            return
        self._queue.end(job)
        if job.cancelled_at is None:
            error = AqgtError(
                "The engine's worker crashed at this job, perhaps for lack of memory.",
                "It has been restarted; try a shorter recording or fewer variants.",
                "worker-crashed",
            )
            self._refuse(job.client, job.name, error)
        self._tell_positions()

    def _replace_stuck(self, job: Job) -> None:
        log.error("a cancelled job does not stop; its worker is replaced")
        worker = self._pool.working_on(job.number)
        self._queue.end(job)
        if worker is not None:
            self._pool.replace(worker)
        self._tell_positions()
