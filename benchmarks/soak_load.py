# SPDX-License-Identifier: GPL-3.0-or-later
"""Load for `soak.py`: overhead, many clients at once, batches, a thousand jobs, cancelling."""

from __future__ import annotations

import contextlib
import random
import statistics
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from soak_engine import Engine, engine_of, processor_seconds, use_of, voice, wait_until

from aqgt.protocol import Client, messages

Figures = list[tuple[str, float, str, float | None]]
"""Name, value, unit, and what it may be at most."""

TOLERANCE = 1e-5


def in_process(requests: Sequence[messages.GenerateRequest]) -> list[np.ndarray]:
    """The motions of requests as this process makes them, one by one."""
    from aqgt.generation import generate
    from aqgt.models.registry import load_model

    model = load_model(requests[0].model)
    return [generate(request, model).motions[0].bone_vectors for request in requests]


def overhead(model: str, rounds: int, seconds: float) -> Figures:
    """One client, one clip: the engine against this process, in turns.

    What the engine adds is what its client waits for beyond the worker's own count of its generation, less
    what a caller in this process waits for beyond the same count (it ends before the result is put together).
    """
    import torch

    from aqgt.generation import generate
    from aqgt.models.registry import load_model

    # One thread each: two that wait for each other on a shared machine would measure the neighbours.
    torch.set_num_threads(1)
    loaded = load_model(model)
    request = messages.GenerateRequest(voice(seconds), model=model)
    first: dict[str, list[float]] = {"engine": [], "alone": []}
    whole: dict[str, list[float]] = {"engine": [], "alone": []}
    beyond: dict[str, list[float]] = {"engine": [], "alone": []}

    def timed(kind: str, run: Any) -> None:
        began = time.perf_counter()
        seen: list[float] = []
        result = run(lambda progress: seen.append(time.perf_counter() - began))
        whole[kind].append(time.perf_counter() - began)
        beyond[kind].append(whole[kind][-1] - result.provenance[0].timings["total"])
        first[kind].append(seen[0])
        time.sleep(0.2)

    with engine_of(threads=1) as engine, Client(engine.address) as client:
        for _ in range(rounds + 2):
            timed("alone", lambda told: generate(request, loaded, on_progress=told))
            timed("engine", lambda told: client.generate(request, told))

    def middle(values: list[float]) -> float:
        return statistics.median(values[2:])

    later = [there - here for there, here in zip(first["engine"], first["alone"], strict=True)]
    share = middle(whole["engine"]) / middle(whole["alone"]) - 1
    added = middle([there - here for there, here in zip(beyond["engine"], beyond["alone"], strict=True)])
    return [
        (f"a clip of {seconds:g} s in this process", 1000 * middle(whole["alone"]), "ms", None),
        ("what the engine adds to its worker's generation", 1000 * added, "ms", None),
        ("  of the time in this process", 100 * added / middle(whole["alone"]), "%", 5.0),
        ("engine against this process, median of all", 100 * share, "% more", None),
        ("  fastest against fastest", 100 * (min(whole["engine"]) / min(whole["alone"]) - 1), "% more", None),
        ("later first window", 1000 * middle(later), "ms", 20.0),
    ]


def crowd(model: str, clients: int, clips: int) -> Figures:
    """Many clients at once, some clips each: what is lost, what is wrong, who waits longest."""
    requests = [
        [
            messages.GenerateRequest(voice(10.0, 3.7 * (3 * c + k)), seed=100 * c + k, model=model)
            for k in range(clips)
        ]
        for c in range(clients)
    ]
    made: dict[tuple[int, int], np.ndarray] = {}
    waits: dict[int, list[float]] = {c: [] for c in range(clients)}
    gate = threading.Barrier(clients)

    def one(c: int, address: str) -> None:
        with Client(address, name=f"client {c}") as client:
            client.hello()
            gate.wait()
            began: list[float] = []
            done = threading.Semaphore(0)

            def on_event(k: int, event: Any) -> None:
                if isinstance(event, messages.GenerateResult):
                    made[c, k] = event.motions[0].bone_vectors
                    waits[c].append(time.perf_counter() - began[k])
                if isinstance(event, (messages.GenerateResult, messages.EngineError, messages.Cancelled)):
                    done.release()

            for k in range(clips):
                began.append(time.perf_counter())
                client.submit(requests[c][k], lambda event, k=k: on_event(k, event))
            for _ in range(clips):
                done.acquire()

    # One thread: two that wait for each other on a shared machine would measure the neighbours.
    with engine_of(threads=1) as engine, Client(engine.address, name="before") as before:
        # All are to be in the queue before the first is taken, so that nobody gains by having been early.
        blocker = messages.GenerateRequest(voice(300.0), model=model, deterministic=True)
        job = before.submit(blocker)
        wait_until(lambda: before.status().running == 1, 30)
        began = time.perf_counter()
        threads = [threading.Thread(target=one, args=(c, engine.address)) for c in range(clients)]
        for thread in threads:
            thread.start()
        wait_until(lambda: before.status().queued == clients * clips, 120)
        queued = before.status().running == 1
        before.cancel(job)
        for thread in threads:
            thread.join()
        taken = time.perf_counter() - began
    expected = in_process([request for row in requests for request in row])
    pairs = [(made.get((i // clips, i % clips)), right) for i, right in enumerate(expected)]
    errors = [float(np.abs(got - right).max()) for got, right in pairs if got is not None]
    means = [statistics.mean(values) for values in waits.values() if values]
    if not queued:
        print("  (the first job ended before all others were queued: the waits below are not equal)")
    return [
        (f"{clients} clients × {clips} clips of 10 s", taken, "s", None),
        ("lost", clients * clips - len(made), "jobs", 0),
        ("wrong", sum(error > TOLERANCE for error in errors), "jobs", 0),
        ("largest difference", max(errors), "m", TOLERANCE),
        ("slowest against fastest mean wait", max(means) / min(means), "times", 2.0),
    ]


def batches(model: str, jobs: int, rounds: int = 5) -> Figures:
    """The same jobs in an engine that batches and in one that does not, in turns."""
    requests = [messages.GenerateRequest(voice(10.0, 2.1 * i), seed=i, model=model) for i in range(jobs)]
    rates: dict[str, list[float]] = {"single": [], "batched": []}
    spent: dict[str, list[float]] = {"single": [], "batched": []}
    with contextlib.ExitStack() as stack:
        clients, engines = {}, {}
        for name, batch in (("single", 1), ("batched", 16)):  # with one thread, as above
            engines[name] = stack.enter_context(engine_of(batch=batch, threads=1))
            clients[name] = stack.enter_context(Client(engines[name].address))
            clients[name].generate(requests[0])
        for _ in range(rounds):
            for name, client in clients.items():
                began, before = time.perf_counter(), processor_seconds(engines[name])
                for job in [client.submit(request) for request in requests]:
                    wait_until(lambda job=job, client=client: _ended(client, job), 600)
                rates[name].append(10.0 * jobs / (time.perf_counter() - began))
                spent[name].append(processor_seconds(engines[name]) - before)
    gains = [many / one for one, many in zip(rates["single"], rates["batched"], strict=True)]
    return [
        ("one at a time, median", statistics.median(rates["single"]), "s of motion per s", None),
        ("in batches", statistics.median(rates["batched"]), "s of motion per s", None),
        ("gain (at least 2 wanted), median", statistics.median(gains), "times", None),
        ("  fastest against fastest", max(rates["batched"]) / max(rates["single"]), "times", None),
        ("  by processor time, which neighbours hardly change", _gain_of(spent), "times", None),
    ]


def _gain_of(spent: dict[str, list[float]]) -> float:
    return statistics.median(one / many for one, many in zip(spent["single"], spent["batched"], strict=True))


def _ended(client: Client, job: str) -> bool:
    events = client.poll(job)
    for event in events:
        if isinstance(event, messages.EngineError):
            raise RuntimeError(event.sentence)
    return any(isinstance(event, messages.GenerateResult) for event in events)


def many_jobs(model: str, jobs: int, seed: int) -> Figures:
    """One engine, many jobs of four clients, short and long: does it hold more and more?"""
    chance = random.Random(seed)
    lengths = [chance.uniform(1.5, 6.0) for _ in range(jobs)]
    numbers = iter(range(jobs))
    lock = threading.Lock()
    failures: list[str] = []

    def work(client: Client, stop_at: int) -> None:
        while True:
            with lock:
                number = next(numbers, jobs)
                if number >= stop_at:
                    return
            try:
                client.generate(
                    messages.GenerateRequest(
                        voice(lengths[number], 0.3 * number % 20), seed=number, model=model
                    )
                )
            except Exception as error:
                failures.append(f"job {number}: {error}")

    def run(engine: Engine, stop_at: int) -> None:
        nonlocal numbers
        with_clients = [Client(engine.address, name=f"soak {i}") for i in range(4)]
        threads = [threading.Thread(target=work, args=(client, stop_at)) for client in with_clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in with_clients:
            client.close()

    warm_up = min(50, jobs // 2)
    with engine_of(threads=1) as engine:
        numbers = iter(range(warm_up))
        run(engine, warm_up)
        time.sleep(1.0)
        warm = use_of(engine)
        numbers = iter(range(warm_up, jobs))
        began = time.perf_counter()
        run(engine, jobs)
        taken = time.perf_counter() - began
        time.sleep(1.0)
        end = use_of(engine)
    for failure in failures:
        print(f"  {failure}")
    return [
        (f"{jobs} jobs", taken, "s", None),
        ("failed", len(failures), "jobs", 0),
        (f"memory after {warm_up} jobs", warm.memory_mib, "MiB", None),
        ("memory at the end", end.memory_mib, "MiB", None),
        ("growth", 100 * (end.memory_mib / warm.memory_mib - 1), "%", 5.0),
        ("  of the broker", end.per_process["broker"] - warm.per_process["broker"], "MiB", None),
        ("  of the worker", end.per_process["worker"] - warm.per_process["worker"], "MiB", None),
        ("more sockets", end.sockets - warm.sockets, "", 0),
        ("more threads", end.threads - warm.threads, "", 0),
    ]


def cancelling(model: str, times: int) -> Figures:
    """How soon a cancelled job's client knows, and how soon its worker is free."""
    request = messages.GenerateRequest(voice(120.0), model=model)
    chance = random.Random(0)
    told, free = [], []
    with engine_of(threads=1) as engine, Client(engine.address) as client:
        client.generate(messages.GenerateRequest(voice(2.0), model=model))
        stamps: list[float] = []
        client.generate(request, lambda _: stamps.append(time.perf_counter()))
        window = float(np.diff(stamps).max())
        for _ in range(times):
            job = client.submit(request)
            wait_until(lambda job=job: any(isinstance(e, messages.Progress) for e in client.poll(job)), 60)
            time.sleep(chance.uniform(0, 0.3))
            began = time.perf_counter()
            client.cancel(job)
            wait_until(lambda job=job: any(isinstance(e, messages.Cancelled) for e in client.poll(job)), 10)
            told.append(time.perf_counter() - began)
            wait_until(lambda: client.status().running == 0, 60)
            free.append(time.perf_counter() - began)
    return [
        ("client knows, 95th percentile", 1000 * float(np.percentile(told, 95)), "ms", 200.0),
        ("longest window (the first of eight hears all eight)", 1000 * window, "ms", None),
        ("worker free, 95th percentile", 1000 * float(np.percentile(free, 95)), "ms", 200.0 + 1000 * window),
    ]
