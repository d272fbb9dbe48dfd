# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes before a job whose sound is long: reading it, without keeping Blender waiting."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from aqgt.errors import AqgtError

from ..scene.decoding import Decoding, Unread
from ..unforeseen import told


@dataclass
class Reading:
    """A sound that is being read; the panel shows it as it shows a job.

    Attributes:
        sound: what is read.
        scene: name of the scene whose job it is for.
        character: name of the armature, for people.
    """

    sound: Unread
    scene: str
    character: str
    text: str = "Reading the sound…"
    fraction: float = 0.0
    done: bool = False
    error: AqgtError | None = None
    cancelled: bool = False
    notes: list[str] = field(default_factory=list)
    _decoding: Decoding | None = None
    _is_read: bool = False

    def begin(self) -> None:
        """Start the process that reads; where none can be started, the job reads the file itself."""
        try:
            self._decoding = Decoding(self.sound)
            self.sound = replace(
                self.sound, write=None
            )  # it holds data of Blender's, which a tick may change
        except OSError:
            self._is_read = True

    @property
    def busy(self) -> bool:
        """Whether it goes on."""
        return not (self.done or self.cancelled or self.error is not None)

    def pump(self) -> bool:
        """Move on; True once the file is read, it can't be, or it was given up."""
        if self._is_read or self._decoding is None:
            self.done = True
        elif self.busy:
            try:
                self._is_read = self._decoding.pump()
            except Exception as error:
                self.error = told(error)
            return False  # what comes next has a tick of its own
        return not self.busy

    def cancel(self) -> None:
        """Give it up."""
        if self.busy:
            self.cancelled = True
            if self._decoding is not None:
                self._decoding.cancel()
