# SPDX-License-Identifier: GPL-3.0-or-later
"""`make soak`: the engine under load and attack, with bounded counts; Linux only. Writes out/soak.json."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from soak_engine import CHECKOUT
from soak_harm import keys_and_ports, killed_broker, killed_workers, nonsense, rude_clients
from soak_load import Figures, batches, cancelling, crowd, many_jobs, overhead


def main() -> None:
    """Run the chosen parts and report; exit with 1 where a figure is worse than allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="which parts to run; all where none is named")
    parser.add_argument("--model", default="compact")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the counts, e.g. 0.1")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "out" / "soak.json")
    arguments = parser.parse_args()
    model, seed = arguments.model, arguments.seed

    def some(count: int) -> int:
        return max(2, round(count * arguments.scale))

    parts: dict[str, Callable[[], Figures]] = {
        "overhead": lambda: overhead(model, some(40), 10.0) + overhead(model, some(12), 60.0),
        "crowd": lambda: crowd(model, some(32), 3),
        "batches": lambda: batches(model, some(32)),
        "jobs": lambda: many_jobs(model, some(1000), seed),
        "cancel": lambda: cancelling(model, some(60)),
        "workers": lambda: killed_workers(model, some(20)),
        "broker": lambda: killed_broker(model),
        "nonsense": lambda: nonsense(some(100_000), seed),
        "rude": lambda: rude_clients(model, some(10)),
        "keys": keys_and_ports,
    }
    unknown = set(arguments.parts) - set(parts)
    if unknown:
        parser.error(f"unknown parts: {', '.join(sorted(unknown))} (there are: {', '.join(parts)})")
    worse: list[str] = []
    record = []
    for name in arguments.parts or parts:
        began = time.perf_counter()
        print(f"{name}:", flush=True)
        for what, value, unit, limit in parts[name]():
            bound = "" if limit is None else f"   (at most {limit:.4g})"
            print(f"  {what:<62} {value:>9.4g} {unit}{bound}", flush=True)
            record.append({"part": name, "name": what, "value": value, "unit": unit, "limit": limit})
            if limit is not None and value > limit:
                worse.append(f"{name}: {what}")
        print(f"  ({time.perf_counter() - began:.0f} s)", flush=True)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    machine = {"processors": os.cpu_count(), "load": load}
    arguments.output.write_text(json.dumps({"machine": machine, "figures": record}, indent=1) + "\n")
    if worse:
        sys.exit(f"Worse than wanted: {'; '.join(worse)}")


if __name__ == "__main__":
    main()
