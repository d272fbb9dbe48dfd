# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server on this machine that serves a folder as a hub does, and misbehaves when it is told to."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Hub:
    """What the server does, and what it was asked.

    Attributes:
        folder: what it serves.
        cut_after: bytes after which it drops the connection, once per file.
        ranges: whether it continues files.
        names_hashes: whether it names the checksum of weights, by a redirection as a hub does.
        wrong_hashes: whether the checksum it names is another file's.
        requests: path and asked-for range of every request.
    """

    folder: Path
    address: str = ""
    cut_after: int | None = None
    ranges: bool = True
    names_hashes: bool = True
    wrong_hashes: bool = False
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    cut: set[str] = field(default_factory=set)


@contextmanager
def serving(folder: Path) -> Iterator[Hub]:
    """The server runs while the block does, on a free port of 127.0.0.1."""
    hub = Hub(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(hub, self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(hub: Hub, request: BaseHTTPRequestHandler) -> None:
    name = request.path.removeprefix("/")
    asked = request.headers.get("Range")
    hub.requests.append((name, asked))
    stored = name.startswith("stored/")
    path = hub.folder / name.removeprefix("stored/")
    if not path.is_file():
        request.send_error(404, "Not Found")
        return
    blob = path.read_bytes()
    if hub.names_hashes and not stored and path.suffix == ".safetensors":
        named = hashlib.sha256(b"other" if hub.wrong_hashes else blob).hexdigest()
        request.send_response(302)
        request.send_header("Location", f"/stored/{name}")
        request.send_header("X-Linked-Etag", f'"{named}"')
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    first = int(asked.removeprefix("bytes=").rstrip("-")) if asked and hub.ranges else 0
    if first >= len(blob) > 0 and first:
        request.send_error(416, "Range Not Satisfiable")
        return
    request.send_response(206 if first else 200)
    request.send_header("Content-Length", str(len(blob) - first))
    request.end_headers()
    body = blob[first:]
    if hub.cut_after is not None and path.name not in hub.cut and len(body) > hub.cut_after:
        hub.cut.add(path.name)
        body = body[: hub.cut_after]
        request.close_connection = True
    request.wfile.write(body)
