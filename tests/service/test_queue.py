# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the queue, without sockets: whose turn it is, what is batched, what is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqgt.errors import AqgtError
from aqgt.service.config import Limits
from aqgt.service.jobs import Job, JobQueue
from aqgt.service.results import KeptResults

BATCHABLE = frozenset({"m"})


def queue_of(jobs: list[tuple[str, str | None]], **limits: int) -> JobQueue:
    """A queue with jobs (client, model), named by their order."""
    queue = JobQueue(Limits(**limits))
    for number, (client, model) in enumerate(jobs):
        queue.add(client.encode(), str(number), b"frame", seconds=1.0, now=0.0, model=model)
    return queue


def taken(queue: JobQueue, most: int = 1) -> list[list[str]]:
    """The names of all jobs, as they are taken to work, batch by batch."""
    batches: list[list[str]] = []
    while jobs := queue.take(most, BATCHABLE, 0.0):
        batches.append([job.name for job in jobs])
        for job in jobs:
            queue.end(job)
    return batches


def test_clients_take_turns_however_many_jobs_they_have() -> None:
    queue = queue_of([("a", None), ("a", None), ("a", None), ("b", None), ("c", None), ("b", None)])
    assert taken(queue) == [["0"], ["3"], ["4"], ["1"], ["5"], ["2"]]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["m", None])), max_size=20))
@settings(max_examples=100, deadline=None)
def test_positions_say_the_order_in_which_jobs_are_taken(jobs: list[tuple[str, str | None]]) -> None:
    queue = queue_of(jobs)
    told = {job.name: position for job, position in queue.moved()}
    order = [name for (name,) in taken(queue)]
    assert order == sorted(told, key=lambda name: told[name])
    assert len(order) == len(jobs)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["m", "n", None])), max_size=20))
@settings(max_examples=100, deadline=None)
def test_batches_hold_one_model_and_lose_nothing(jobs: list[tuple[str, str | None]]) -> None:
    batches = taken(queue_of(jobs), most=4)
    assert sorted(name for batch in batches for name in batch) == sorted(map(str, range(len(jobs))))
    for batch in batches:
        models = {jobs[int(name)][1] for name in batch}
        assert len(batch) == 1 or models == {"m"}
        assert len(batch) <= 4


def test_a_batch_counts_variants_and_takes_from_every_client() -> None:
    queue = JobQueue(Limits())
    for name, client, variants in (("0", b"a", 2), ("1", b"a", 1), ("2", b"b", 3), ("3", b"c", 1)):
        queue.add(client, name, b"", seconds=1.0, now=0.0, model="m", variants=variants)
    assert taken(queue, most=4) == [["0", "3", "1"], ["2"]]


def test_limits_of_a_client_of_all_and_of_memory() -> None:
    for limits, full in (({"per_client": 2}, "a"), ({"waiting": 2}, "b")):
        queue = queue_of([("a", None), ("a", None)], **limits)
        with pytest.raises(AqgtError) as caught:
            queue.add(full.encode(), "new", b"", seconds=1.0, now=0.0)
        assert caught.value.code == "queue-full"
    queue = JobQueue(Limits(waiting_mib=1))
    queue.add(b"a", "0", b"x" * 2**19, seconds=1.0, now=0.0)
    job = queue.add(b"a", "1", b"x" * 2**19, seconds=1.0, now=0.0)
    with pytest.raises(AqgtError):
        queue.add(b"a", "2", b"x", seconds=1.0, now=0.0)
    queue.end(job)
    queue.add(b"a", "2", b"x", seconds=1.0, now=0.0)


def test_names_are_unique_over_all_clients() -> None:
    queue = queue_of([("a", None)])
    with pytest.raises(AqgtError) as caught:
        queue.add(b"b", "0", b"", seconds=1.0, now=0.0)
    assert caught.value.code == "bad-message"


def test_a_job_changes_hands_and_runs_again() -> None:
    queue = queue_of([("a", "m"), ("b", "m")])
    first, second = queue.take(4, BATCHABLE, 0.0)
    queue.run_again(first)
    queue.hand_over(first, b"z")
    assert first.client == b"z"
    assert (queue.running, queue.waiting) == (1, 1)
    assert queue.take(4, BATCHABLE, 0.0) == [first]
    assert first.model is None, "it runs alone from now on"
    for job in (first, second):
        queue.end(job)
    assert (queue.running, queue.waiting) == (0, 0)
    waiting: Job = queue.add(b"a", "w", b"", seconds=1.0, now=0.0)
    queue.hand_over(waiting, b"y")
    queue.end(waiting)
    assert queue.take(1, BATCHABLE, 0.0) == []


def test_results_are_kept_within_room_and_time() -> None:
    kept = KeptResults(100, 10.0)
    kept.keep("large", b"x" * 101, 0.0)
    assert kept.find("large") is None
    for number in range(5):
        kept.keep(str(number), b"x" * 40, float(number))
    assert [kept.find(str(number)) is not None for number in range(5)] == [False, False, False, True, True]
    kept.expire(13.5)
    assert kept.find("3") is None
    assert kept.find("4") == b"x" * 40
    kept.drop("4")
    assert len(kept) == 0
    kept.keep("full", b"x" * 100, 14.0)
    assert kept.find("full") is not None, "what was dropped leaves its room"
