# SPDX-License-Identifier: GPL-3.0-or-later
"""Sounds that take long are read by a Blender of their own, so that the window stays free.

`aud` has no way to read a part: its seeking misses samples, and it keeps Python's lock while it reads, so
that neither slices nor a thread would do. Another Blender takes longer and gives the same samples.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError

from . import decoder

LONG_SECONDS = 5.0
"""Of sound; up to it, decoding here takes less than 50 ms."""

Key = tuple[str | int | float, ...]
"""What tells a sound from any other, and from itself once it has changed."""
_ready: dict[Key, NDArray[np.float32]] = {}


@dataclass(frozen=True)
class Unread:
    """A sound that would keep Blender waiting if it were read here.

    Attributes:
        key: what its samples are kept under.
        name: for people.
        file: where it lies; None: in the .blend.
        write: puts it into a .blend of its own, where it lies in this one.
    """

    key: Key
    name: str
    file: Path | None = None
    write: Callable[[Path], None] | None = None


def file_key(path: Path) -> Key:
    """Of a sound file, as it is now."""
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size


def unread_file(path: Path) -> Unread | None:
    """A sound file that takes long to decode; None of any other, and of what is no sound."""
    try:
        if not path.is_file() or decoder.seconds_of(str(path)) <= LONG_SECONDS:
            return None
    except (ImportError, ValueError):  # whoever decodes it says what is wrong
        return None
    return Unread(file_key(path), path.name, path)


def ready(key: Key) -> NDArray[np.float32] | None:
    """The samples of a sound that was read aside and has not changed since; None of any other."""
    return _ready.get(key)


def forget() -> None:
    """Let go of all that was read aside."""
    _ready.clear()


class Decoding:
    """A sound that is being read by another process; `pump` never waits for it.

    Raises:
        OSError: the process cannot be started, or its .blend not be written.
    """

    def __init__(self, sound: Unread) -> None:
        self._key, self._name = sound.key, sound.name
        self._folder = tempfile.TemporaryDirectory(prefix="aqgt-")
        self._target = Path(self._folder.name) / "samples.f32"
        source = sound.file
        if sound.write is not None:
            source = Path(self._folder.name) / "sound.blend"
            try:
                sound.write(source)
            except RuntimeError as error:  # so Blender says that a file can't be written
                raise OSError(str(error)) from error
        arguments = [decoder.__file__, "--", str(source), str(self._target)]
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
            AqgtError: it is no sound, or this build of Blender cannot mix.
        """
        code = self._process.poll()
        if code is None:
            return False
        try:
            if code == decoder.NO_MIXER:
                raise no_mixer(self._name)
            if code != 0 or not self._target.is_file():
                raise AqgtError(
                    f"“{self._name}” cannot be read as sound.",
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


def no_mixer(name: str) -> AqgtError:
    """This build of Blender cannot mix."""
    return AqgtError(
        f"This build of Blender cannot mix down the retimed strip “{name}”.",
        "Reset its retiming, or render the sound to a file and use that.",
        "no-mixdown",
    )
