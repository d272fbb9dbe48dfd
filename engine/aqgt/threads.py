# SPDX-License-Identifier: GPL-3.0-or-later
"""How many threads the networks get: as many as there are cores that nobody else is using.

Networks split each of their layers over their threads and wait for the slowest. A thread that shares its
core with another program makes all of them wait: two threads beside one busy neighbour on two cores are
slower than one thread alone.
"""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

VARIABLE = "AQGT_THREADS"
"""Environment variable that sets the number."""
_SAMPLES, _PAUSE = 5, 0.004


def choose_threads(wish: int | None = None) -> int:
    """The number of threads to use: the wish, else ``$AQGT_THREADS``, else `free_cores`."""
    if wish is not None:
        return wish
    given = os.environ.get(VARIABLE, "")
    return int(given) if given.isdecimal() and int(given) > 0 else free_cores()


def use_threads(wish: int | None = None) -> int:
    """Gives PyTorch `choose_threads` threads, without a wish never more than it takes by itself.

    Returns:
        the number.
    """
    import torch

    n_threads = choose_threads(wish)
    if wish is None and not os.environ.get(VARIABLE):
        # Its own number leaves out the second thread of a core and heeds OMP_NUM_THREADS.
        n_threads = min(n_threads, _default_threads())
    torch.set_num_threads(n_threads)
    return n_threads


_default: int | None = None


def _default_threads() -> int:
    global _default
    if _default is None:
        import torch

        _default = torch.get_num_threads()
    return _default


def free_cores() -> int:
    """Cores this process may use and that nobody else is using now; at least 1."""
    online = os.cpu_count() or 1
    return max(1, min(allowed_cores(), online - busy_cores()))


def allowed_cores(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores this process may use, by its affinity and the limit of its container."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    limit = _container_limit(cgroup)
    return cores if limit is None else max(1, min(cores, int(limit)))


def _container_limit(cgroup: Path) -> float | None:
    """Processor time a container may take, in cores; None where it is not limited."""
    try:
        if (cgroup / "cpu.max").is_file():
            quota, period = (cgroup / "cpu.max").read_text().split()
        else:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):  # no container, or no limit ("max")
        return None


def busy_cores(loadavg: Path = Path("/proc/loadavg")) -> int:
    """Threads of other programs that want a core now; 0 where the system does not tell.

    Linux counts all threads that run or wait for a core. The mean load, which other systems have as well, is
    that of a whole minute: it still holds what just ended.
    """
    counts = []
    try:
        for sample in range(_SAMPLES):
            if sample:
                time.sleep(_PAUSE)
            running, _, _ = loadavg.read_text().split()[3].partition("/")
            counts.append(int(running) - 1)  # the thread that reads this is one of them
    except (OSError, ValueError, IndexError):
        return round(os.getloadavg()[0]) if hasattr(os, "getloadavg") else 0
    return max(0, round(statistics.median(counts)))
