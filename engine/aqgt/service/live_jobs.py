# SPDX-License-Identifier: GPL-3.0-or-later
"""The broker's side of live jobs: which worker has which, what it may still be sent, who is silent."""

from __future__ import annotations

import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import zmq

from aqgt.errors import AqgtError
from aqgt.protocol import messages, wire
from aqgt.protocol.checks import check_live
from aqgt.service import inner
from aqgt.service.config import EngineConfig
from aqgt.service.metrics import Counters
from aqgt.service.pool import Worker, WorkerPool

log = logging.getLogger("aqgt.broker")


@dataclass(eq=False)
class LiveJob:
    """One live job of one client.

    Attributes:
        number: the broker's own name for it.
        client: the identity of its client on the socket.
        name: the client's name for it.
        worker: who makes its motion.
        opened, fed: when it was opened, and when its client last said something of it (monotonic seconds).
        seconds: sound that was sent to the worker.
        under_way: seconds of the messages that the worker has not taken in yet.
        words: words and spans that were sent.
        ended: whether its last message has been sent.
    """

    number: bytes
    client: bytes
    name: str
    worker: Worker
    opened: float
    fed: float
    seconds: float = 0.0
    under_way: deque[float] = field(default_factory=deque)
    words: int = 0
    ended: bool = False


class LiveJobs:
    """All live jobs.

    Args:
        config: the engine's configuration.
        pool: the workers.
        send: sends parts to a worker.
        counters: what is counted.
        deliver: hands the last message of a job to its client.
    """

    def __init__(
        self,
        config: EngineConfig,
        pool: WorkerPool,
        send: Callable[..., Any],
        counters: Counters,
        deliver: Callable[[LiveJob, AqgtError | zmq.Frame], None],
    ) -> None:
        self._config, self._pool, self._send = config, pool, send
        self._counters, self._deliver = counters, deliver
        self._jobs: dict[bytes, LiveJob] = {}
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._jobs)

    # ------------------------------------------------------------ what clients say

    def open(self, client: bytes, message: wire.Message, frame: zmq.Frame) -> LiveJob:
        """A client opens one.

        Raises:
            AqgtError: the request is not valid, there are too many, or no worker is ready.
        """
        limits = self._config.limits
        check_live(message.body)
        if message.body.sample is not None:
            _check_sound(message.body.sample, limits.seconds, "limits.seconds")
        if not message.job or self.find(message.job) is not None:
            raise AqgtError("The job has no name of its own.", "Give each job another id.", "bad-message")
        if len(self._jobs) >= limits.live:
            raise AqgtError(
                f"{len(self._jobs)} live jobs are running already.",
                "Wait until one ends, or raise limits.live in the engine's configuration.",
                "queue-full",
            )
        ready = [worker for worker in self._pool.workers if worker.identity is not None]
        if not ready:
            raise AqgtError("No worker of the engine is ready.", "Ask again in a moment.", "starting")
        worker = min(ready, key=lambda each: (len(each.live), bool(each.jobs)))
        now = time.monotonic()
        job = LiveJob(b"live%d" % next(self._numbers), client, message.job, worker, now, now)
        self._jobs[job.number] = job
        worker.live.append(job.number)
        self._hand_on(job, inner.LIVE, frame, 0.0)
        log.info("a live job begins", extra={"job": job.name, "worker": worker.number})
        return job

    def feed(self, client: bytes, message: wire.Message, frame: zmq.Frame) -> None:
        """More sound for one, or its end; what is wrong with it ends the job.

        Raises:
            AqgtError: no such job of this client, or the chunk exceeds a limit.
        """
        job = self.find(message.job)
        if job is None or job.client != client or job.ended:
            raise AqgtError(
                "The engine does not know this live job (any more).", "Open another one.", "unknown-job"
            )
        try:
            seconds = self._check(job, message.body)
        except AqgtError:
            self.abandon(job)
            raise
        job.fed = time.monotonic()
        job.ended = isinstance(message.body, messages.LiveEnd)
        job.seconds += seconds
        self._hand_on(job, inner.FEED, frame, seconds)

    def _check(self, job: LiveJob, body: messages.LiveChunk | messages.LiveEnd) -> float:
        if isinstance(body, messages.LiveEnd):
            return 0.0
        limits = self._config.limits
        seconds = _check_sound(body.audio, limits.live_chunk, "limits.live_chunk")
        job.words += len(body.words) + len(body.spans)
        if job.seconds + seconds > limits.live_seconds:
            raise AqgtError(
                f"The live job has gone on for {limits.live_seconds:g} s.",
                "Open another one, or raise limits.live_seconds in the engine's configuration.",
                "too-long",
            )
        if job.words > limits.words:
            raise AqgtError(
                f"The live job holds more than {limits.words} words and annotations.",
                "Open another one, or raise limits.words in the engine's configuration.",
                "too-many-words",
            )
        # Messages without sound take room as well.
        if sum(job.under_way) + seconds > limits.live_ahead or len(job.under_way) >= _MOST_MESSAGES:
            raise AqgtError(
                f"The engine is {sum(job.under_way):.1f} s behind the sound.",
                "Send sound as fast as it is spoken, or use `generate` for what is recorded; an engine that "
                "is busy with other jobs needs more workers.",
                "live-behind",
            )
        return seconds

    def _hand_on(self, job: LiveJob, kind: bytes, frame: zmq.Frame, seconds: float) -> None:
        assert job.worker.identity is not None
        job.under_way.append(seconds)
        self._send([job.worker.identity, kind, job.number, frame])

    def find(self, name: str) -> LiveJob | None:
        """A job by its client's name for it."""
        return next((job for job in self._jobs.values() if job.name == name), None)

    def by_number(self, number: bytes) -> LiveJob | None:
        """A job by the broker's name for it."""
        return self._jobs.get(number)

    def abandon(self, job: LiveJob) -> None:
        """Nobody wants a job any more."""
        self._forget(job)
        self._counters.cancelled += 1
        if job.worker.identity is not None:
            self._send([job.worker.identity, inner.CANCEL, job.number])

    def forget_client(self, client: bytes) -> None:
        """A client has gone for good."""
        for job in [job for job in self._jobs.values() if job.client == client]:
            log.info("the client has gone; its live job is given up", extra={"job": job.name})
            self.abandon(job)

    # ------------------------------------------------------------ what workers say

    def taken(self, number: bytes) -> None:
        """A worker has taken a message in."""
        job = self._jobs.get(number)
        if job is not None:
            job.under_way.popleft()

    def end(self, job: LiveJob, outcome: bytes, frame: zmq.Frame) -> None:
        """A worker has sent the last message of a job."""
        self._forget(job)
        if outcome == inner.OK:
            self._counters.job_done(job.seconds, 0.0, time.monotonic() - job.opened)
        else:
            self._counters.failed += 1
        log.info("live job: %s after %.1f s of sound", outcome.decode(), job.seconds, extra={"job": job.name})
        self._deliver(job, frame)

    def fail(self, numbers: Iterable[bytes], error: AqgtError) -> None:
        """Jobs end by an error of the engine's own."""
        for job in [self._jobs[number] for number in numbers if number in self._jobs]:
            self._forget(job)
            self._counters.failed += 1
            log.info("live job failed: %s", error.sentence, extra={"job": job.name})
            self._deliver(job, error)

    def fail_all(self, error: AqgtError) -> None:
        """All end by an error."""
        self.fail(list(self._jobs), error)

    def unread(self, job: LiveJob) -> None:
        """A job's frames can't be sent: its client has gone, or does not read."""
        self.abandon(job)
        self._deliver(
            job,
            AqgtError(
                "The client has not read its frames, so that some are lost.",
                "Read them as they come; open another live job.",
                "client-slow",
            ),
        )

    def watch(self, now: float) -> None:
        """End the jobs of clients that say nothing more."""
        patience = self._config.timing.live_silence
        for job in [job for job in self._jobs.values() if not job.ended and now - job.fed > patience]:
            self.abandon(job)
            self._deliver(
                job,
                AqgtError(
                    f"No sound has come for {patience:g} s.",
                    "Send silence where nobody speaks, and LiveEnd at the end; open another live job.",
                    "live-silent",
                ),
            )

    def _forget(self, job: LiveJob) -> None:
        self._jobs.pop(job.number, None)
        if job.number in job.worker.live:
            job.worker.live.remove(job.number)


_MOST_MESSAGES = 10_000


def _check_sound(audio: np.ndarray, most: float, setting: str) -> float:
    """The seconds of a piece of sound."""
    seconds = audio.size / messages.SAMPLE_RATE
    if audio.ndim != 1:
        raise AqgtError("The audio is not mono.", "Send one channel at 16 kHz.", "bad-audio")
    if not np.isfinite(audio).all():
        raise AqgtError("The audio holds NaN or infinite samples.", "Check the source.", "bad-audio")
    if seconds > most:
        raise AqgtError(
            f"A piece of sound lasts {seconds:.1f} s, the engine takes at most {most:g} s at once.",
            f"Send smaller pieces, or raise {setting} in the engine's configuration.",
            "chunk-too-large",
        )
    return seconds
