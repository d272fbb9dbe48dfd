# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks on a Ray cluster, behind the same interface as this machine's processes.

The machines share the folders that job file and outputs lie in, and have the same version of aqgt installed.
Ray executes whatever reaches its ports, so nothing is done on a cluster without token authentication.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from aqgt import __version__
from aqgt.errors import AqgtError
from aqgt.studio.pool import Begun, Died, Ended, Event, Function, do_task, limit_threads

_THREADS = 1
_functions: dict[str, Function] = {}
"""In a worker process of Ray's, which does many tasks: what it does them with."""


class RayPool:
    """One task per processor of the cluster.

    Args:
        address: of the cluster's head, e.g. ``10.0.0.5:6379``; ``auto``: the one of this machine.
        factory: as for `aqgt.studio.pool.LocalPool`.
        argument: as for `aqgt.studio.pool.LocalPool`.

    Raises:
        AqgtError: Ray is not installed, or there is no such cluster, or it refuses this machine's token.
    """

    def __init__(self, address: str, factory: Callable[[Any], Function], argument: Any) -> None:
        os.environ["RAY_AUTH_MODE"] = "token"
        try:
            import ray
        except ImportError:
            raise AqgtError(
                "Ray is not installed here.", "Install it: pip install 'aqgt[cluster]'", "no-ray"
            ) from None
        self._ray = ray
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise AqgtError(
                f"There is no Ray cluster at “{address}” that lets this machine in ({_first_line(error)}).",
                "Start its head with RAY_AUTH_MODE=token, and have its token here (see docs/batch.md).",
                "no-cluster",
            ) from error
        # Retries are the batch's own, which writes them down.
        self._remote = ray.remote(_remote_task).options(
            num_cpus=_THREADS, num_gpus=int(getattr(argument, "device", "") == "cuda"), max_retries=0
        )
        self._shared = ray.put((factory, argument, __version__))
        self._running: dict[Any, tuple[str, float]] = {}

    def free(self) -> int:
        """Processors of the cluster without a task of this batch."""
        slots = int(self._ray.cluster_resources().get("CPU", 0)) // _THREADS
        return max(slots, 1) - len(self._running)

    def submit(self, name: str, task: Any, timeout: float) -> None:
        """Hand a task to the cluster."""
        ref = self._remote.remote(self._shared, name, task)
        self._running[ref] = (name, time.monotonic() + timeout)

    def wait(self, seconds: float) -> list[Event]:
        """Which tasks have ended, and which died with their worker or their machine."""
        if not self._running:
            time.sleep(seconds)
            return []
        ready, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=seconds)
        events: list[Event] = []
        for ref in ready:
            name, _ = self._running.pop(ref)
            events += self._result(ref, name)
        for ref, (name, deadline) in list(self._running.items()):
            if time.monotonic() > deadline:
                self._ray.cancel(ref, force=True)
                del self._running[ref]
                events.append(Died(name, "it took longer than allowed", timed_out=True))
        return events

    def _result(self, ref: Any, name: str) -> list[Event]:
        from ray.exceptions import RayError, RayTaskError

        try:
            process, ended = self._ray.get(ref)
        except RayTaskError as error:  # not even the task's own errors could be caught there
            cause = error.cause if isinstance(error.cause, Exception) else error
            return [
                Ended(
                    name,
                    error=AqgtError(
                        f"A machine of the cluster cannot do the task ({_first_line(cause)}).",
                        "Install the same version of aqgt, with its extra “engine”, on all of them.",
                        "cluster",
                    ),
                )
            ]
        except RayError as error:
            return [Died(name, _first_line(error))]
        return [Begun(name, process), ended]

    def close(self) -> None:
        """Give up what is running and leave the cluster."""
        for ref in self._running:
            self._ray.cancel(ref, force=True)
        self._running.clear()
        self._ray.shutdown()


def _remote_task(shared: Any, name: str, task: Any) -> tuple[int, Ended]:
    factory, argument, version = shared
    if version != __version__:
        return os.getpid(), Ended(
            name,
            error=AqgtError(
                f"A machine of the cluster has aqgt {__version__}, this one {version}.",
                "Install the same version on all of them.",
                "version",
            ),
        )
    made = repr((factory.__qualname__, argument))
    if made not in _functions:
        limit_threads(_THREADS)
        _functions[made] = factory(argument)
    return os.getpid(), do_task(_functions[made], name, task, lambda share, text: None)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")
