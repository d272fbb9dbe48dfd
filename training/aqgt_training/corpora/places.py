# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that lie in a folder or behind http(s): read as a stream, taken up again where a connection broke."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO

from aqgt.errors import AqgtError

_SCHEMES = ("http://", "https://")
_SECONDS = 60.0
_ATTEMPTS = 4


def is_url(place: str) -> bool:
    """Whether a place is read over the network."""
    return place.startswith(_SCHEMES)


def below(place: str, name: str) -> str:
    """A file of a folder, which may be a URL."""
    return f"{place.rstrip('/')}/{name}" if is_url(place) else str(Path(place) / name)


def open_place(place: str) -> BinaryIO:
    """A stream over a file or URL; a connection that breaks is taken up again where it was.

    Raises:
        AqgtError: there is no such file, or it can't be read.
    """
    if is_url(place):
        return io.BufferedReader(_Download(place), 1 << 18)
    if "://" in place or place.startswith("pipe:"):
        raise AqgtError(
            f"“{place}” is neither a path nor an http(s) address.",
            "Mount the store as a folder, or serve it over https.",
            "bad-usage",
        )
    try:
        return Path(place).open("rb")
    except OSError as error:
        raise AqgtError(f"“{place}” can't be read ({error}).", "Check the path.", "no-file") from error


def read_place(place: str) -> bytes | None:
    """The whole file, or None where there is none."""
    if not is_url(place):
        return Path(place).read_bytes() if Path(place).is_file() else None
    try:
        with open_place(place) as stream:
            return stream.read()
    except AqgtError as error:
        if error.code == "no-file":
            return None
        raise


class _Download(io.RawIOBase):
    """The bytes of a URL in order."""

    def __init__(self, url: str) -> None:
        self.url, self.at = url, 0
        self.total: int | None = None
        self._failures = 0
        self._response: HTTPResponse | None = None
        self._connect()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            try:
                if self._response is None:
                    self._connect()
                assert self._response is not None
                n = self._response.readinto(buffer)
                if n == 0 and self.total is not None and self.at < self.total:
                    raise ConnectionError(f"it ended after {self.at} of {self.total} bytes")
                self.at += n
                return n
            except (OSError, HTTPException) as error:
                self._drop(error)

    def _connect(self) -> None:
        request = urllib.request.Request(self.url, headers={"Range": f"bytes={self.at}-"} if self.at else {})
        try:
            response = urllib.request.urlopen(request, timeout=_SECONDS)
        except urllib.error.HTTPError as error:
            code = "no-file" if error.code in (403, 404, 410) else "no-connection"
            raise AqgtError(
                f"“{self.url}” can't be read ({error.code} {error.reason}).", "Check the address.", code
            ) from error
        except urllib.error.URLError as error:
            raise AqgtError(
                f"“{self.url}” can't be reached ({error.reason}).",
                "Check address and network.",
                "no-connection",
            ) from error
        self._response = response
        if self.at and response.status != 206:  # a server without ranges sends all of it again
            self._skip(self.at)
        elif not self.at:
            length = response.headers.get("Content-Length")
            self.total = int(length) if length else None

    def _skip(self, n: int) -> None:
        assert self._response is not None
        while n:
            got = len(self._response.read(min(n, 1 << 20)))
            if not got:
                raise ConnectionError("it became shorter")
            n -= got

    def _drop(self, error: Exception) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None
        self._failures += 1
        if self._failures >= _ATTEMPTS:
            raise AqgtError(
                f"“{self.url}” broke off {self._failures} times ({error}).",
                "Check the network, then go on from the last checkpoint.",
                "no-connection",
            ) from error

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None
        super().close()
