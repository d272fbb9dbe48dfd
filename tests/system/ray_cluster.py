# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a network namespace of its own: a Ray cluster of two nodes, a batch on it, one node lost on the way.

    ray_cluster.py FOLDER

FOLDER holds jobs.yaml. Prints one line `FOUND {json}`. All processes end with the namespace.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ADDRESS = "127.0.0.1:6399"
RAY = [sys.executable, "-m", "ray.scripts.scripts", "start", "--node-ip-address=127.0.0.1", "--num-cpus=1"]
RAY += ["--object-store-memory=100000000", "--disable-usage-stats"]
AQGT = [sys.executable, "-m", "aqgt.cli"]


def raylets() -> set[int]:
    """The processes that are a node each."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            program = path.read_bytes().split(b"\0")[0]
        except OSError:
            continue
        if program.endswith(b"/raylet"):
            found.add(int(path.parent.name))
    return found


def main() -> None:
    """Start both nodes, run the batch, lose the second node, and try once without the right token."""
    folder = Path(sys.argv[1])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # Ray's sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as short:
        os.environ.update({"HOME": short, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "of-the-test-" * 4})
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        head = [*RAY, "--head", "--port=6399", "--include-dashboard=false", f"--temp-dir={short}/r"]
        subprocess.run(head, **quiet)
        first = raylets()
        subprocess.run([*RAY, f"--address={ADDRESS}"], **quiet)
        (second,) = raylets() - first
        command = [*AQGT, "batch", str(folder / "jobs.yaml"), "--ray", ADDRESS, "--plain"]
        batch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        journal = folder / "out" / ".aqgt-batch" / "journal.jsonl"
        deadline = time.monotonic() + 120
        while not (journal.is_file() and journal.read_text().count('"done"') >= 4):
            if batch.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the batch did not get on: {batch.communicate()[0]}")
            time.sleep(0.05)
        before = journal.read_text()
        os.kill(second, signal.SIGKILL)
        output, _ = batch.communicate(timeout=200)
        stranger = subprocess.run(
            [*command[:-1], "--out", str(folder / "other")],
            env={**os.environ, "RAY_AUTH_TOKEN": "of-somebody-else" * 3},
            capture_output=True,
            text=True,
        )
        found = {
            "code": batch.returncode,
            "output": output,
            "done_before": before.count('"done"'),
            "stranger_code": stranger.returncode,
            "stranger_error": stranger.stderr,
        }
        print("FOUND " + json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
