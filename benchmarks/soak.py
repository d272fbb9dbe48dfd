# SPDX-License-Identifier: GPL-3.0-or-later
"""A bounded soak of a local engine: many requests, some cancelled, some refused; does memory grow?"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from aqgt.errors import AqgtError
from aqgt.protocol import messages
from aqgt.protocol.client import EngineClient


def resident_mib(root: int) -> float | None:
    """Memory of a process and its descendants in MiB, where /proc tells."""
    if not Path("/proc").is_dir():
        return None
    parents, sizes = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                sizes[int(folder.name)] = int((folder / "statm").read_text().split()[1])
            except (OSError, IndexError, ValueError):
                continue
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(sizes.get(pid, 0) for pid in family) * 4096 / 2**20


def one_request(client: EngineClient, chance: random.Random, model: str) -> str:
    """One request of a random kind; returns how it ended."""
    seconds = chance.uniform(0.2, 8.0)
    noise = np.random.default_rng(chance.randrange(2**32)).standard_normal(
        round(seconds * messages.SAMPLE_RATE)
    )
    audio = (0.1 * noise).astype(np.float32)
    kind = chance.choice(["generate", "generate", "cancel", "silent", "unknown model", "hello"])
    if kind == "hello":
        client.hello()
        return kind
    seen: list[messages.Progress] = []
    request = messages.GenerateRequest(
        audio * (kind != "silent"),
        model="none" if kind == "unknown model" else model,
        seed=chance.randrange(999),
    )
    try:
        client.generate(request, seen.append, (lambda: bool(seen)) if kind == "cancel" else None)
    except AqgtError as error:
        if error.code in ("engine-gone", "no-engine", "no-answer", "worker-crashed", "internal"):
            raise
        return error.code
    return "done"


def main() -> None:
    """Run the requests and report; exit with 1 where memory grew by more than allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--model", default="compact")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--growth-mib", type=float, default=100.0, help="allowed growth after the warm-up")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    command = [sys.executable, "-m", "aqgt.cli", "serve", "--port", "0", "--parent-pipe"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as engine:
        assert engine.stdin is not None and engine.stdout is not None  # noqa: PT018
        address = engine.stdout.readline().split()[-1]
        outcomes: dict[str, int] = {}
        warm: float | None = None
        start = time.monotonic()
        with EngineClient(address, name="soak") as client:
            for index in range(arguments.requests):
                outcome = one_request(client, chance, arguments.model)
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
                if index == arguments.requests // 5:
                    warm = resident_mib(engine.pid)
        end = resident_mib(engine.pid)
        engine.stdin.close()
        engine.wait(timeout=20)
    print(f"{arguments.requests} requests in {time.monotonic() - start:.0f} s: {outcomes}")
    if warm is not None and end is not None:
        print(f"memory after the warm-up {warm:.0f} MiB, at the end {end:.0f} MiB")
        if end - warm > arguments.growth_mib:
            sys.exit("The engine's memory grows.")


if __name__ == "__main__":
    main()
