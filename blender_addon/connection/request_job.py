# SPDX-License-Identifier: GPL-3.0-or-later
"""What every job that asks the engine has in common: how it is sent, followed, ended and given up."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aqgt.errors import AqgtError
from aqgt.protocol.client import EngineClient
from aqgt.protocol.messages import Accepted, Cancelled, EngineError, Progress

from ..unforeseen import told
from .sending import Sending


@dataclass
class RequestJob:
    """A job of the engine's. `pump` moves it on and never waits.

    Attributes:
        client: connection to the engine.
        error: why there is no answer.
        cancelled: whether it was given up.
        notes: sentences for the user.
        fraction: how far it is, 0 to 1.
    """

    client: EngineClient
    error: AqgtError | None = field(default=None, kw_only=True)
    cancelled: bool = field(default=False, kw_only=True)
    notes: list[str] = field(default_factory=list, kw_only=True)
    fraction: float = field(default=0.0, kw_only=True)
    _sending: Sending | None = field(default=None, init=False)

    @property
    @abstractmethod
    def answered(self) -> bool:
        """Whether the engine has made what was asked for."""

    @abstractmethod
    def take(self, answer: Any) -> None:
        """Take in an answer of the engine's."""

    def waits(self, position: int) -> None:
        """The engine has taken the request; so many go before it."""

    def goes_on(self, progress: Progress) -> None:
        """The engine is at work."""
        self.fraction = progress.window / max(progress.windows, 1)

    def send(self, make: Callable[[], Any]) -> None:
        """Have a request made and sent, both aside."""
        self._sending = Sending(self.client, make)

    @property
    def finished(self) -> bool:
        """Whether there is an answer, an error, or it was cancelled."""
        return self.answered or self.error is not None or self.cancelled

    @property
    def busy(self) -> bool:
        """Whether it goes on."""
        return not self.finished

    def pump(self) -> bool:
        """Take in what has arrived; True once it has finished. Whatever fails is the job's error."""
        try:
            for event in [] if self.finished or self._sending is None else self._sending.poll():
                self._follow(event)
        except Exception as error:
            self.error = told(error)
        return self.finished

    def cancel(self) -> None:
        """Give it up; the engine is told."""
        if not self.finished:
            self.cancelled = True
            if self._sending is not None:
                self._sending.cancel()

    def _follow(self, event: Any) -> None:
        if isinstance(event, EngineError):
            self.error = AqgtError(event.sentence, event.next_step, event.code)
        elif isinstance(event, Cancelled):
            self.cancelled = True
        elif isinstance(event, Accepted):
            self.waits(event.position)
        elif isinstance(event, Progress):
            self.goes_on(event)
        else:
            self.take(event)
