# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine counts, as a status for clients and as text for Prometheus."""

from __future__ import annotations

import http.server
import os
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aqgt.errors import AqgtError
from aqgt.protocol.messages import EngineStatus
from aqgt.service.memory import resident_mib

_MINUTE = 60.0


@dataclass
class Counters:
    """Sums since the start, and the jobs of the last minute."""

    started: float = field(default_factory=time.monotonic)
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0
    sound_seconds: float = 0.0
    wait_seconds: float = 0.0
    run_seconds: float = 0.0
    _lately: deque[tuple[float, float]] = field(default_factory=deque)

    def job_done(self, sound: float, waited: float, ran: float) -> None:
        """A job ended well: seconds of its sound, in the queue, and at work."""
        self.done += 1
        self.sound_seconds += sound
        self.wait_seconds += waited
        self.run_seconds += ran
        self._lately.append((time.monotonic(), sound))
        self.last_minute()

    def last_minute(self) -> tuple[int, float]:
        """Jobs that ended well within the last minute, and seconds of their sound."""
        while self._lately and time.monotonic() - self._lately[0][0] > _MINUTE:
            self._lately.popleft()
        return len(self._lately), sum(sound for _, sound in self._lately)

    def status(self, **known: Any) -> EngineStatus:
        """The engine's status; ``known`` are the fields that are not counted here."""
        jobs, sound = self.last_minute()
        return EngineStatus(
            finished=self.done + self.failed + self.cancelled,
            uptime=time.monotonic() - self.started,
            failed=self.failed,
            cancelled=self.cancelled,
            jobs_per_minute=float(jobs),
            sound_per_minute=sound,
            memory_mib=resident_mib(os.getpid()),
            **known,
        )

    def prometheus(self, status: EngineStatus) -> str:
        """The text exposition format of Prometheus, version 0.0.4."""
        lines: list[str] = []

        def add(name: str, kind: str, text: str, *values: tuple[str, float | None]) -> None:
            lines.extend([f"# HELP aqgt_{name} {text}", f"# TYPE aqgt_{name} {kind}"])
            lines.extend(f"aqgt_{name}{label} {value}" for label, value in values if value is not None)

        add("jobs_total", "counter", "Jobs that ended, by how.",
            ('{outcome="done"}', self.done), ('{outcome="failed"}', self.failed),
            ('{outcome="cancelled"}', self.cancelled), ('{outcome="refused"}', self.refused))  # fmt: skip
        add("sound_seconds_total", "counter", "Seconds of sound of jobs done.", ("", self.sound_seconds))
        add(
            "job_wait_seconds_total", "counter", "Seconds that jobs done had waited.", ("", self.wait_seconds)
        )
        add("job_run_seconds_total", "counter", "Seconds that jobs done had run.", ("", self.run_seconds))
        add("jobs_running", "gauge", "Jobs at work.", ("", status.running))
        add("jobs_waiting", "gauge", "Jobs in the queue.", ("", status.queued))
        add("clients", "gauge", "Clients heard lately.", ("", status.clients))
        add("kept_results", "gauge", "Results not fetched yet.", ("", status.kept_results))
        workers = [(f'{{worker="{worker.number}"}}', worker) for worker in status.workers]
        add("worker_up", "gauge", "1: the worker takes jobs.",
            *((label, float(worker.state in ("idle", "busy"))) for label, worker in workers))  # fmt: skip
        add("worker_restarts_total", "counter", "How often a worker was started again.",
            *((label, worker.restarts) for label, worker in workers))  # fmt: skip
        add(
            "memory_mebibytes",
            "gauge",
            "Memory of the engine's processes.",
            ('{process="broker"}', status.memory_mib),
            *((f'{{process="worker{each.number}"}}', each.memory_mib) for each in status.workers),
        )
        return "\n".join(lines) + "\n"


class MetricsServer:
    """Hands out the last text at http://127.0.0.1:PORT/metrics, and nothing else.

    Raises:
        AqgtError: the port is taken.
    """

    def __init__(self, port: int) -> None:
        self.text = ""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 5.0  # a scraper that says nothing does not keep a thread

            def do_GET(self) -> None:
                if self.path != "/metrics":
                    self.send_error(404)
                    return
                body = outer.text.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, form: str, *arguments: Any) -> None:
                return

        try:
            self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise AqgtError(
                f"Port {port} cannot be used for metrics ({error}).",
                "Choose another metrics_port.",
                "port-taken",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="aqgt-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Free the port and end the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2.0)
