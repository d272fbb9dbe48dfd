# SPDX-License-Identifier: GPL-3.0-or-later
"""A request on its way to the engine, made and packed in a thread: ten minutes of sound take their time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from aqgt.protocol.client import EngineClient


class Sending:
    """Sends a request and takes in what comes of it; only `cancel` waits, for the packing to end.

    Args:
        client: connection to the engine.
        make: the request; called in a thread, so that it may touch nothing of Blender's.
    """

    def __init__(self, client: EngineClient, make: Callable[[], Any]) -> None:
        self._client = client
        self._make = make
        self._job = ""
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._send, name="aqgt-sending", daemon=True)
        self._thread.start()

    def poll(self) -> list[Any]:
        """What has arrived since the last call, in order.

        Raises:
            BaseException: why the request could not be made or sent.
        """
        if self._thread.is_alive():
            return []
        if self._error is not None:
            raise self._error
        return self._client.poll(self._job)

    def cancel(self) -> None:
        """Give the job up; the engine is told."""
        # No thread may outlive the add-on, and a moment is as long as the packing lasts.
        self._thread.join()
        if self._job:
            self._client.cancel(self._job)

    def _send(self) -> None:
        try:
            self._job = self._client.submit(self._make())
        except BaseException as error:
            self._error = error
