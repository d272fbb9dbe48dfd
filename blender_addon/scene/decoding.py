# SPDX-License-Identifier: GPL-3.0-or-later
"""Long sound files are decoded by a Blender of their own, so that the window stays free.

`aud` has no way to read a part: its seeking misses samples, and it keeps Python's lock while it reads, so
that neither slices nor a thread would do. Another Blender takes longer and gives the same samples.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError

from . import decoder

LONG_SECONDS = 10.0
"""Of sound; up to it, decoding here takes less than 50 ms."""

_Key = tuple[str, int, int]
_ready: dict[_Key, NDArray[np.float32]] = {}


def takes_long(path: Path) -> bool:
    """Whether decoding a file here would keep Blender waiting; not for what is no sound."""
    try:
        return path.is_file() and decoder.seconds_of(str(path)) > LONG_SECONDS
    except (ImportError, ValueError):  # whoever decodes it says what is wrong
        return False


def ready(path: Path) -> NDArray[np.float32] | None:
    """The samples of a file that was decoded aside and has not changed since; None of any other."""
    return _ready.get(_key(path))


def forget() -> None:
    """Let go of all that was decoded aside."""
    _ready.clear()


class Decoding:
    """A file that is being decoded by another process; `pump` never waits for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = _key(path)
        self._folder = tempfile.TemporaryDirectory(prefix="aqgt-")
        self._target = Path(self._folder.name) / "samples.f32"
        arguments = [decoder.__file__, "--", str(path), str(self._target)]
        here = bpy.app.binary_path
        # Blender as a module has no program of its own: its Python is.
        before = [here, "-b", "--factory-startup", "--python-exit-code", "1", "--python"]
        self._process = subprocess.Popen(
            [*(before if here else [sys.executable]), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )

    def pump(self) -> bool:
        """Whether it is done; from then on `ready` has the samples.

        Raises:
            AqgtError: the file is no sound.
        """
        code = self._process.poll()
        if code is None:
            return False
        try:
            if code != 0 or not self._target.is_file():
                raise AqgtError(
                    f"“{self._path.name}” cannot be read as sound.",
                    "Choose a WAV, FLAC, MP3 or OGG file.",
                    "bad-audio",
                )
            _ready.clear()
            _ready[self._key] = np.fromfile(self._target, dtype=np.float32)
        finally:
            self._folder.cleanup()
        return True

    def cancel(self) -> None:
        """Give it up."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()


def _key(path: Path) -> _Key:
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size
