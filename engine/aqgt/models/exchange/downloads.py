# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads one file over HTTP: continues where an earlier try ended, and compares the checksum.

Written by hand because what is fetched here is large: the library of the Hugging Face hub continues after a
dropped connection but not after the program ended, and compares no checksum.
"""

from __future__ import annotations

import hashlib
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any

from aqgt import __version__
from aqgt.errors import AqgtError

_CHUNK = 1 << 20
_TIMEOUT = 30.0
_SHA256 = re.compile(r"[0-9a-f]{64}")
OnBytes = Callable[[int, int | None], None]
"""Called with the number of bytes that are there and that of the whole file, where it is known."""


def download(
    url: str, target: Path, sha256: str | None = None, on_bytes: OnBytes = lambda done, all: None
) -> None:
    """Downloads a file that is not there yet; until it is whole, its part is called ``NAME.part``.

    Args:
        url: begins with ``https://`` or ``http://``.
        sha256: its checksum; where there is none, the one the server names in ``X-Linked-Etag``, if it does.

    Raises:
        AqgtError: the server can't be reached, refuses, or stops; or the checksum is another, and the file is
            removed.
    """
    if not url.startswith(("https://", "http://")):
        raise AqgtError(f"“{url}” is no web address.", "Correct the list of sources.", "bad-url")
    part = target.with_name(f"{target.name}.part")
    try:
        named = _receive(url, part, on_bytes)
    except (OSError, HTTPException) as problem:
        raise _failed(url, part, problem) from problem
    wanted = sha256 or named
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if wanted is not None and found != wanted.lower():
        part.unlink()
        raise AqgtError(
            f"{url} came with the SHA-256 {found}, not {wanted.lower()}; it was removed.",
            "Try again; if that does not help, the file was changed where it is published.",
            "wrong-hash",
        )
    part.replace(target)


def _receive(url: str, part: Path, on_bytes: OnBytes) -> str | None:
    """Appends what is missing of a file; returns the checksum the server names."""
    have = part.stat().st_size if part.exists() else 0
    notes = _LinkedEtag()
    request = urllib.request.Request(url, headers={"User-Agent": f"aqgt/{__version__}"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.build_opener(notes).open(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as refusal:
        if refusal.code != 416 or not have:  # 416: nothing is left to send
            raise
        return notes.sha256 or _sha256_in(refusal.headers)
    with response:
        goes_on = response.status == 206
        have = have if goes_on else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length is not None and length.isdigit() else None
        with part.open("ab" if goes_on else "wb") as file:
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                have += len(chunk)
                on_bytes(have, total)
        if total is not None and have < total:
            raise ConnectionError(f"it stopped after {have:,} of {total:,} bytes")
        return notes.sha256 or _sha256_in(response.headers)


class _LinkedEtag(urllib.request.HTTPRedirectHandler):
    """Follows redirections, and keeps the checksum that a hub names in the first answer."""

    sha256: str | None = None

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        self.sha256 = self.sha256 or _sha256_in(headers)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _sha256_in(headers: Any) -> str | None:
    found = _SHA256.fullmatch((headers.get("X-Linked-Etag") or "").strip().strip('"').lower())
    return found.group() if found else None


def _failed(url: str, part: Path, problem: Exception) -> AqgtError:
    if isinstance(problem, urllib.error.HTTPError):
        reason = f"the server says {problem.code} {problem.reason}"
    else:
        reason = str(getattr(problem, "reason", "") or problem) or type(problem).__name__
    kept = part.stat().st_size if part.exists() else 0
    next_step = (
        f"Run the same command again: {kept:,} bytes are kept and it goes on from there."
        if kept
        else "Check the connection and the address, then run the same command again."
    )
    return AqgtError(f"{url} could not be downloaded: {reason}.", next_step, "no-download")
