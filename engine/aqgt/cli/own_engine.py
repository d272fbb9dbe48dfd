# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine of a command's own, for as long as the command runs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from aqgt.errors import AqgtError

_READY = "AQGT READY "


@contextmanager
def own_engine() -> Iterator[str]:
    """The address of an engine on a free port of this machine; it ends with the block, or with this process.

    Raises:
        AqgtError: it does not start; what it says of that stands on standard error.
    """
    command = [sys.executable, "-m", "aqgt.cli", "serve", "--port", "0", "--parent-pipe"]
    # The log goes to a file, since a pipe that nobody reads would stop the engine when it is full.
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line.startswith(_READY):
                log.seek(0)
                said = log.read().strip().splitlines()
                raise AqgtError(
                    f"The engine does not start: {said[-1] if said else 'it says nothing'}",
                    "Try `aqgt serve` by itself.",
                    "no-engine",
                )
            yield line.removeprefix(_READY).strip()
        finally:
            process.stdin.close()
            process.terminate()
