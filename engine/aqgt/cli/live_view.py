# SPDX-License-Identifier: GPL-3.0-or-later
"""A page on this machine that draws a live motion: a canvas, fed by server-sent events."""

from __future__ import annotations

import contextlib
import http.server
import json
import queue
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.motion import Motion
from aqgt.preview.camera import Camera

_PAGE = Path(__file__).with_name("live_page.html")
_WIDTH, _HEIGHT = 800, 720
_MOST_WAITING = 64
_PING_SECONDS = 5.0


class LiveView:
    """Serves the page at `address` until `close`; on 127.0.0.1 and nowhere else.

    Args:
        fps: frames per second of the motion.
        lengths: its length table `[53]`.
        delay: seconds by which the motion is shown after its sound.
    """

    def __init__(self, fps: float, lengths: NDArray[np.float64], delay: float) -> None:
        self._fps, self._lengths = fps, lengths
        self._start = json.dumps(
            {"fps": fps, "delay": delay, "width": _WIDTH, "height": _HEIGHT, "parents": skeleton.PARENTS}
        )
        self._camera = Camera(_WIDTH, _HEIGHT)
        self._lock = threading.Lock()
        self._last: tuple[str, ...] = ()
        self._viewers: list[queue.Queue[str | None]] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, name="aqgt-live-view", daemon=True)
        self._thread.start()

    def show(self, start_frame: int, bone_vectors: NDArray[np.float32]) -> None:
        """More frames `[t, 53, 3]`."""
        positions = Motion(self._fps, bone_vectors, self._lengths).metric().positions()
        points = np.round(self._camera.project(positions)[..., :2], 1).reshape(len(positions), -1)
        self._tell(json.dumps({"start": start_frame, "frames": points.tolist()}))

    def _tell(self, event: str) -> None:
        with self._lock:
            self._last = (event,)  # a page that is opened late begins with it, and is as late as all others
            for viewer in list(self._viewers):
                try:
                    viewer.put_nowait(event)
                except queue.Full:  # a page that does not read is not waited for
                    self._viewers.remove(viewer)

    def close(self) -> None:
        """Tell the pages that it is over, and free the port."""
        with self._lock:
            viewers, self._viewers = self._viewers, []
        for viewer in viewers:
            with contextlib.suppress(queue.Full):
                viewer.put_nowait(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2.0)

    def follow(self, write: Any) -> None:
        """Write events until it is over; called in the thread of one page."""
        viewer: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        with self._lock:
            events = [self._start, *self._last]
            self._viewers.append(viewer)
        for event in events:
            write(f"data: {event}\n\n".encode())
        while True:
            try:
                next_event = viewer.get(timeout=_PING_SECONDS)
            except queue.Empty:
                write(b": still here\n\n")
                continue
            if next_event is None:
                write(b"event: over\ndata: {}\n\n")
                return
            write(f"data: {next_event}\n\n".encode())


def _handler(view: LiveView) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Another site's page may lead a browser here under a name of its own.
            if self.headers.get("Host", "").rpartition(":")[0] not in ("127.0.0.1", "localhost"):
                self.send_error(403)
            elif self.path == "/":
                self._answer("text/html; charset=utf-8", _PAGE.read_bytes())
            elif self.path == "/frames":
                self._answer("text/event-stream", b"")
                try:
                    view.follow(self._write)
                except OSError:  # the page was closed
                    return
            else:
                self.send_error(404)

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self._write(body)

        def _write(self, data: bytes) -> None:
            self.wfile.write(data)
            self.wfile.flush()

        def log_message(self, form: str, *arguments: Any) -> None:
            return

    return Handler
