# SPDX-License-Identifier: GPL-3.0-or-later
"""The side of the broker that faces workers: who does what, and how each job ends."""

from __future__ import annotations

import logging
import time

import zmq

from aqgt.errors import AqgtError
from aqgt.protocol import failures, messages, wire
from aqgt.protocol.address import LOOPBACK, format_address
from aqgt.service import inner
from aqgt.service.config import EngineConfig
from aqgt.service.front import Front
from aqgt.service.inner import Facts
from aqgt.service.jobs import Job, JobQueue
from aqgt.service.live_jobs import LiveJob, LiveJobs
from aqgt.service.metrics import Counters
from aqgt.service.pool import Death, WorkerPool
from aqgt.service.results import KeptResults

log = logging.getLogger("aqgt.broker")

_AT_ONCE = 64


class Workshop:
    """Workers and what they work on.

    Args:
        context: the broker's.
        config: the engine's configuration.
        factory: ``"module:callable"`` that makes each worker's `Backend`.
        queue: the jobs.
        front: where their clients are told.
        kept: where results stay until their client has them.
        counters: what is counted.
    """

    def __init__(
        self,
        context: zmq.Context,
        config: EngineConfig,
        factory: str,
        queue: JobQueue,
        front: Front,
        kept: KeptResults,
        counters: Counters,
    ) -> None:
        self._config = config
        self._queue, self._front, self._kept, self._counters = queue, front, kept, counters
        self.hello: messages.Hello | None = None
        self._unsent: dict[bytes, set[str]] = {}
        self.socket = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.MAXMSGSIZE, wire.MAX_MESSAGE_BYTES)
        # A ROUTER drops what exceeds it; what a worker may be sent is limited elsewhere (`LiveJobs`).
        self.socket.setsockopt(zmq.SNDHWM, 0)
        inside = self.socket.bind_to_random_port(f"tcp://{LOOPBACK}")
        self._pool = WorkerPool(format_address(inside), factory, config)
        self.live = LiveJobs(config, self._pool, self.socket.send_multipart, counters, self._end_live)

    def close(self) -> None:
        """End the workers."""
        self._pool.close()

    def statuses(self) -> tuple[messages.WorkerStatus, ...]:
        """What clients are told of the workers."""
        return tuple(worker.status() for worker in self._pool.workers)

    # ------------------------------------------------------------ jobs go out

    def assign(self) -> None:
        """Give waiting jobs to idle workers."""
        started = False
        while (worker := self._pool.idle()) is not None:
            jobs = self._queue.take(self._config.batch, self._pool.batchable, time.monotonic())
            if not jobs:
                break
            started = True
            worker.jobs = [job.number for job in jobs]
            assert worker.identity is not None
            parts = [part for job in jobs for part in (job.number, job.frame)]
            self.socket.send_multipart([worker.identity, inner.RUN, *parts], copy=False)
            for job in jobs:
                log.info(
                    "starts, with %d others", len(jobs) - 1, extra={"job": job.name, "worker": worker.number}
                )
        if started:
            self.tell_positions()

    def tell_positions(self) -> None:
        """Tell clients whose jobs have moved."""
        for job, position in self._queue.moved():
            if job.cancelled_at is None:
                self._front.tell(job.client, job.name, messages.Accepted(position))

    def abandon(self, job: Job) -> None:
        """Nobody wants the job any more; a running one keeps its worker until that notices."""
        if not self._queue.is_running(job):
            self._queue.end(job)
            self._counters.cancelled += 1
            self.tell_positions()
        elif job.cancelled_at is None:
            job.cancelled_at = time.monotonic()
            worker = self._pool.working_on(job.number)
            if worker is not None and worker.identity is not None:
                self.socket.send_multipart([worker.identity, inner.CANCEL, job.number])

    def give_up_waiting(self) -> None:
        """The engine is about to end: jobs that wait never get their turn."""
        for job in self._queue.all_waiting():
            self._fail(job, _ENDS)

    def give_up_all(self) -> None:
        """The engine ends."""
        for job in [*self._queue.all_running(), *self._queue.all_waiting()]:
            self._fail(job, _ENDS)
        self.live.fail_all(_ENDS)

    def _fail(self, job: Job, error: AqgtError) -> None:
        self._queue.end(job)
        if job.cancelled_at is not None:
            self._counters.cancelled += 1
            return
        self._counters.failed += 1
        log.info("failed: %s", error.sentence, extra={"job": job.name})
        self._deliver(job, wire.encode(failures.as_message(error), job.name))

    def _end_live(self, job: LiveJob, last: AqgtError | zmq.Frame) -> None:
        if isinstance(last, AqgtError):
            self._deliver(job, wire.encode(failures.as_message(last), job.name))
        else:
            self._deliver(job, last)

    def _deliver(self, job: Job | LiveJob, frame: bytes | zmq.Frame) -> None:
        self._kept.keep(job.name, frame, time.monotonic())
        if not self._front.send(job.client, frame):
            self._unsent.setdefault(job.client, set()).add(job.name)

    def deliver_again(self, client: bytes) -> None:
        """A client shows a sign of life: what it did not take before is sent again."""
        for name in self._unsent.pop(client, ()):
            frame = self._kept.find(name) or wire.encode(failures.as_message(_LOST), name)
            if not self._front.send(client, frame):
                self._unsent.setdefault(client, set()).add(name)

    def received(self, client: bytes, name: str) -> None:
        """A client has the answer of a job."""
        if client in self._unsent:
            self._unsent[client].discard(name)

    def forget(self, client: bytes) -> None:
        """A client has gone for good; one that was only kept from speaking is told what has become of it."""
        self._unsent.pop(client, None)
        self.live.forget_client(client)
        given_up = failures.as_message(_silent(self._config.timing.client_silence))
        for job in self._queue.of_client(client):
            log.info("the client has gone; its job is given up", extra={"job": job.name})
            if job.cancelled_at is None:
                self._front.tell(client, job.name, given_up)
            self.abandon(job)

    # ------------------------------------------------------------ answers come in

    def take(self) -> None:
        """Take in what workers have sent."""
        for _ in range(_AT_ONCE):
            if not self.socket.poll(0):
                return
            first, *parts = self.socket.recv_multipart(copy=False)
            identity, kind = first.bytes, parts.pop(0).bytes
            worker = self._pool.known(identity)
            if worker is None:
                self._meet(identity, kind, [part.bytes for part in parts])
            elif kind == inner.PROGRESS:
                self._pass_on(parts[0].bytes, parts[1])
            elif kind == inner.DONE:
                self._end(parts[0].bytes, parts[1].bytes, parts[2])
                worker.deaths = 0
            elif kind == inner.TAKEN:
                self.live.taken(parts[0].bytes)
            elif kind == inner.FREE:
                worker.jobs, worker.models = [], Facts.unpack(parts[0].bytes).models

    def _meet(self, identity: bytes, kind: bytes, parts: list[bytes]) -> None:
        """Somebody who is no known worker: one that has just started, or a stranger, who is ignored."""
        if not parts or self._pool.claim(parts[0]) is None:
            return
        if kind == inner.FAILED:
            error = wire.decode(parts[1]).body
            if self.hello is None:
                raise AqgtError(error.sentence, error.next_step, error.code)
            log.error("a worker cannot start: %s", error.sentence)
        elif kind == inner.READY:
            hello = wire.decode(parts[1]).body
            self._pool.introduce(identity, parts[0], hello.device, Facts.unpack(parts[2]))
            if self.hello is None:
                self.hello = hello

    def _pass_on(self, number: bytes, frame: zmq.Frame) -> None:
        job = self._queue.by_number(number)
        if job is not None and job.cancelled_at is None:
            self._front.send(job.client, frame)
        live = self.live.by_number(number)
        if live is not None and not self._front.send(live.client, frame):
            self.live.unread(live)

    def _end(self, number: bytes, outcome: bytes, frame: zmq.Frame) -> None:
        live = self.live.by_number(number)
        if live is not None:
            self.live.end(live, outcome, frame)
            return
        job = self._queue.by_number(number)
        if job is None:
            return
        self._queue.end(job)
        now = time.monotonic()
        assert job.started is not None
        waited, ran = job.started - job.arrived, now - job.started
        if job.cancelled_at is not None or outcome == inner.CANCELLED:
            self._counters.cancelled += 1
        elif outcome == inner.OK:
            self._counters.job_done(job.seconds, waited, ran)
        else:
            self._counters.failed += 1
        if job.cancelled_at is None:
            self._deliver(job, frame)
        said = outcome.decode() if job.cancelled_at is None else "cancelled"
        log.info(
            "%s after %.2f s in the queue and %.2f s at work", said, waited, ran, extra={"job": job.name}
        )
        self.tell_positions()

    # ------------------------------------------------------------ watching

    def watch(self, now: float) -> None:
        """See to workers that died and to jobs that take too long.

        Raises:
            AqgtError: no worker has ever been ready, and one has died.
        """
        for death in self._pool.watch():
            self._mourn(death)
        self.live.watch(now)
        timing = self._config.timing
        for job in self._queue.all_running():
            if job.cancelled_at is not None and now - job.cancelled_at > timing.cancel_grace:
                log.error("does not stop; its worker is replaced", extra={"job": job.name})
                self._queue.end(job)
                self._counters.cancelled += 1
                self._replace_worker_of(job)
            elif job.started is not None and job.cancelled_at is None and now - job.started > timing.job:
                self._deliver(job, wire.encode(failures.as_message(_timed_out(timing.job)), job.name))
                self.abandon(job)

    def _replace_worker_of(self, job: Job) -> None:
        worker = self._pool.working_on(job.number)
        if worker is None:
            return
        others = [number for number in worker.jobs if number != job.number]
        live = list(worker.live)
        self._pool.replace(worker)
        self.live.fail(live, _crashed("had to be replaced"))
        self._run_again(others)

    def _mourn(self, death: Death) -> None:
        log.error("worker %d %s", death.worker.number, death.reason, extra={"worker": death.worker.number})
        if self.hello is None and not death.was_ready:
            raise AqgtError(
                f"A worker {death.reason} before it could take a job.",
                "The log above says why; timing.worker_start in the configuration gives it more time.",
                "worker-start",
            )
        self.live.fail(death.live, _crashed(death.reason))
        if len(death.jobs) > 1:
            # Which of them it was is not known: each runs once more by itself, where it can harm only itself.
            self._run_again(list(death.jobs))
        else:
            for job in filter(None, map(self._queue.by_number, death.jobs)):
                self._fail(job, _crashed(death.reason))
        self.tell_positions()

    def _run_again(self, numbers: list[bytes]) -> None:
        for job in filter(None, map(self._queue.by_number, numbers)):
            if job.cancelled_at is not None:
                self._queue.end(job)
                self._counters.cancelled += 1
            else:
                log.info("runs once more, alone", extra={"job": job.name})
                self._queue.run_again(job)


_ENDS = AqgtError("The engine ends.", "Start it again with `aqgt serve`, then repeat the job.", "stopping")


_LOST = AqgtError(
    "The result was not fetched, and the engine has kept it no longer.",
    "Send the request again; limits.kept_mib and timing.keep_results in the configuration give more room.",
    "result-lost",
)


def _silent(seconds: float) -> AqgtError:
    return AqgtError(
        f"The engine heard nothing from this program for {seconds:g} s and gave its job up.",
        "Start it again; timing.client_silence in the engine's configuration allows for longer pauses.",
        "client-silent",
    )


def _crashed(reason: str) -> AqgtError:
    return AqgtError(
        f"The engine's worker {reason} while it worked on this job.",
        "It is started again; try a shorter recording or fewer variants.",
        "worker-crashed",
    )


def _timed_out(seconds: float) -> AqgtError:
    return AqgtError(
        f"The job ran for more than {seconds:g} s.",
        "Cut the recording into parts, or raise timing.job in the engine's configuration.",
        "timed-out",
    )
