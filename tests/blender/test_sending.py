# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests are made, packed and sent beside Blender's main thread, which never waits for it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from aqgt.errors import AqgtError
from tests.blender.helpers import wait_until


class SlowClient:
    """Packs a request for as long as nobody says `go`; what it was sent and told."""

    def __init__(self):
        self.go, self.sent, self.cancelled, self.answers, self.threads = threading.Event(), [], [], [], set()
        self.refusal = None

    def submit(self, request):
        self.threads.add(threading.current_thread())
        assert self.go.wait(60)
        if self.refusal is not None:
            raise self.refusal
        self.sent.append(request)
        return f"job{len(self.sent)}"

    def poll(self, job):
        assert job == f"job{len(self.sent)}"
        found, self.answers = self.answers, []
        return found

    def cancel(self, job):
        self.cancelled.append(job)


@pytest.fixture
def client():
    slow = SlowClient()
    yield slow
    slow.go.set()


@pytest.fixture
def make_job(part, blender, client):
    """A job with a second of sound."""
    from aqgt.protocol.messages import GenerateRequest

    def make(transcript="", **options):
        voice = np.random.default_rng(0).standard_normal(16000).astype(np.float32)
        job = part("generate.job").Job(
            client, GenerateRequest(voice), transcript, blender.scene.name, "Anna", 0.0, **options
        )
        part("one_job").generation.run(job)
        return job

    yield make
    client.go.set()
    part("one_job").abandon_all()


def test_blender_goes_on_while_a_request_is_packed(make_job, client):
    job = make_job()
    for _ in range(3):
        assert not job.pump()
    assert job.busy
    assert not client.sent
    client.go.set()
    wait_until(lambda: job.pump() or bool(client.sent), 10)
    assert client.sent == [job.request]
    assert threading.main_thread() not in client.threads


def test_the_request_after_the_words_are_aligned_is_packed_aside_too(make_job, client):
    from aqgt.protocol.messages import AlignRequest, AlignResult, GenerateRequest
    from aqgt.words import Word

    job = make_job("Some words.")
    client.go.set()
    wait_until(lambda: job.pump() or bool(client.sent), 10)
    assert isinstance(client.sent[0], AlignRequest)
    client.go.clear()
    client.answers = [AlignResult((Word("Some", 0.1, 0.4), Word("words", 0.5, 0.9)))]
    wait_until(lambda: job.pump() or bool(job.request.words), 10)
    assert not job.pump()
    assert len(client.sent) == 1
    client.go.set()
    wait_until(lambda: job.pump() or len(client.sent) == 2, 10)
    assert isinstance(client.sent[1], GenerateRequest)
    assert [word.text for word in client.sent[1].words] == ["Some", "words"]
    assert threading.main_thread() not in client.threads


def test_what_is_previewed_is_made_aside_before_anything_is_sent(make_job, client, part):
    asked = []
    job = make_job(prepare=lambda: asked.append(threading.current_thread()) or "shown")
    client.go.set()
    wait_until(lambda: job.pump() or bool(client.sent), 10)
    assert job.source == "shown"
    assert asked[0] is not threading.main_thread()


def test_bones_that_are_not_found_end_the_job_before_anything_is_sent(make_job, client, part):
    error = AqgtError("No arm was recognised.", "Set the bones by hand.", "unknown-rig")

    def prepare():
        raise error

    job = make_job(prepare=prepare)
    wait_until(job.pump, 10)
    assert job.error is error
    assert not client.sent


def test_a_request_that_cannot_be_sent_is_the_jobs_error(make_job, client, part):
    client.refusal = AqgtError("It is too large.", "Send less.", "too-large")
    job = make_job()
    client.go.set()
    wait_until(job.pump, 10)
    assert job.error is client.refusal


def test_cancel_while_a_request_is_packed_reaches_the_engine_and_leaves_no_thread(make_job, client):
    before = threading.active_count()
    job = make_job()
    threading.Timer(0.05, client.go.set).start()
    job.cancel()
    assert job.finished
    assert client.cancelled == ["job1"]
    wait_until(lambda: threading.active_count() <= before, 10)


def test_aligning_packs_its_sound_aside(part, blender, client):
    from aqgt.protocol.messages import AlignRequest

    request = AlignRequest(np.zeros(10, np.float32), "Some words.")
    job = part("speech.align").Alignment(client, request, ("scenes", "Scene"), "", "Some words.", 0.0, [])
    job.begin()
    assert not job.pump()
    client.refusal = AqgtError("It is too large.", "Send less.", "too-large")
    client.go.set()
    wait_until(job.pump, 10)
    assert job.error is client.refusal
    assert threading.main_thread() not in client.threads


@pytest.mark.parametrize(
    ("failure", "code"), [(MemoryError(), "no-memory"), (OSError(28, "No space left"), "unforeseen")]
)
def test_an_error_that_nobody_foresaw_ends_the_job_with_a_sentence(make_job, client, part, failure, code):
    def prepare():
        raise failure

    job = make_job(prepare=prepare)
    wait_until(job.pump, 10)
    assert job.error.code == code
    assert job.error.sentence.endswith(".")
    assert job.error.next_step
    assert not job.busy
    assert part("unforeseen").last()[0] == type(failure).__name__
    assert any("test_sending.py" in line for line in part("unforeseen").last())


def test_an_answer_that_makes_no_sense_ends_the_job(make_job, client, part):
    from aqgt.protocol.messages import Progress

    job = make_job()
    client.go.set()
    client.answers = [Progress(1, 2, 0, 0, "no array")]
    wait_until(job.pump, 10)
    assert job.error.code == "unforeseen"


def test_the_report_says_where_it_happened_and_no_names(make_job, part, blender):
    def prepare():
        raise ValueError("Anna's secret")

    job = make_job(prepare=prepare)
    wait_until(job.pump, 10)
    text = part("connection.report").report_text(blender)
    assert "unforeseen: ValueError" in text
    assert "test_sending.py" in text
    assert "secret" not in text


class Operator:
    """What a job's operator has of Blender's in a window."""

    def __init__(self, part, make):
        class Following(part("generate.running").JobOperator):
            def gather(self, _context):
                return make()

            def apply(self, _job):
                raise ZeroDivisionError("while laying")

            def report(self, kinds, text):
                said.append((kinds, text))

        self.said = said = []
        self.timers = {"timer"}
        self.following = Following()
        self.following._timer = "timer"
        self.context = SimpleNamespace(window_manager=SimpleNamespace(event_timer_remove=self.timers.discard))

    def tick(self):
        return self.following.modal(self.context, SimpleNamespace(type="TIMER", value="NOTHING"))


@pytest.mark.parametrize("where", ["sending", "showing", "laying"])
def test_an_operator_leaves_no_timer_and_no_job_whatever_fails(make_job, client, part, where):
    def prepare():
        raise RuntimeError("while sending")

    operator = Operator(part, lambda: make_job(**({"prepare": prepare} if where == "sending" else {})))
    assert operator.following._begin(None)
    if where == "showing":

        def show(_job):
            raise RuntimeError("while showing")

        operator.following.show = show
    if where == "laying":
        operator.following._job.result = "a result"
    ended = set()

    def over():
        nonlocal ended
        ended = operator.tick()
        return ended != {"PASS_THROUGH"}

    wait_until(over, 10)
    assert ended == {"CANCELLED"}
    assert operator.timers == set()
    assert part("one_job").generation.running() is None
    assert len(operator.said) == 1
    assert f"while {where}" in operator.said[0][1]
    assert "press Report" in operator.said[0][1]
