# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker does for its jobs: the only place of the service that knows models, speech and planner."""

from __future__ import annotations

import importlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aqgt.errors import AqgtError
from aqgt.protocol import messages
from aqgt.service.config import EngineConfig
from aqgt.service.inner import Facts
from aqgt.service.live_desk import LiveWork
from aqgt.service.shelf import ModelShelf

log = logging.getLogger("aqgt.backend")


_LOOK_EVERY = 2.0
"""Seconds for which the number of free cores is believed."""


class JobCancelled(Exception):  # noqa: N818 -- it is no error
    """A job stopped because its `is_cancelled` said so."""


class Task(Protocol):
    """One job that a backend works on; it ends by `finish` or `fail`, whichever comes first."""

    request: Any
    over: bool
    """Whether it has ended."""

    def is_cancelled(self) -> bool:
        """Whether nobody wants the job any more; to be asked between windows."""

    def report(self, progress: messages.Progress) -> None:
        """A window is done."""

    def finish(self, result: Any) -> None:
        """The job's result."""

    def fail(self, error: Exception) -> None:
        """The job cannot be fulfilled (`AqgtError`), or was given up (`JobCancelled`)."""


class Backend(Protocol):
    """Does the work of one worker process."""

    def describe(self) -> tuple[str, tuple[messages.ModelInfo, ...]]:
        """The device in words, and the models."""

    def facts(self) -> Facts:
        """What the broker should know."""

    def run(self, tasks: Sequence[Task]) -> None:
        """Work on one job, or on several of one model that `facts` calls batchable.

        Raises:
            Exception: it becomes the end of all jobs that have not ended yet.
        """

    def open_live(self, request: messages.LiveRequest) -> LiveWork:
        """Open a live motion; it may be worked on between two windows of `run`.

        Raises:
            Exception: it becomes the end of the job.
        """


def make_backend(factory: str, config: EngineConfig, number: int) -> Backend:
    """The backend that ``"module:callable"`` makes of the configuration and the worker's number."""
    module, _, name = factory.partition(":")
    backend: Backend = getattr(importlib.import_module(module), name)(config, number)
    return backend


class ModelBackend:
    """The real one: it loads models when they are first asked for and keeps the last few."""

    def __init__(self, config: EngineConfig, number: int = 0) -> None:
        import torch

        self._precision = config.precision
        self._device = choose_device(config.device)
        self._devices = torch.cuda.device_count() if self._device == "cuda" else 1
        if self._devices > 1:
            self._device = f"cuda:{number % self._devices}"
        self._threads = config.threads
        self._steady_threads: int | None = None
        self._looked = -_LOOK_EVERY
        if self._threads is None and self._device == "cpu" and (config.workers or 1) > 1:
            # Each would count the cores that the others are about to use as free.
            self._threads = max(1, (os.cpu_count() or 1) // (config.workers or 1))
        self._allowed = config.models
        self._shelf = ModelShelf(config.loaded_models, config.model_memory_mib)
        self._batchable: tuple[str, ...] = ()
        self._transcription = config.transcription
        self._transcriber: Any = None

    def describe(self) -> tuple[str, tuple[messages.ModelInfo, ...]]:
        from aqgt.models import registry

        models, batchable = [], []
        for name in self._names():
            try:
                models.append(registry.describe(name))
                if registry.config_of(name).published is None:
                    batchable.append(name)
            except AqgtError as error:
                log.warning("the model %s is left out: %s", name, error)
        self._batchable = tuple(batchable)
        self._warm_up(models)
        return self._device, tuple(models)

    def facts(self) -> Facts:
        return Facts(self._devices, self._batchable, self._shelf.names)

    def run(self, tasks: Sequence[Task]) -> None:
        from aqgt.service.batch import run_batch

        request = tasks[0].request
        if isinstance(request, messages.GenerateRequest):
            model = self._model(request.model)
            self._use_threads(amplifies=model.config.published is not None)
            run_batch(tasks, model)
        elif isinstance(request, messages.AlignRequest):
            tasks[0].finish(self._align(request, _share_of(tasks[0])))
        elif isinstance(request, messages.TranscribeRequest):
            tasks[0].finish(self._transcribe(request, _share_of(tasks[0])))
        elif isinstance(request, messages.SuggestRequest):
            tasks[0].finish(self._suggest(request))

    def open_live(self, request: messages.LiveRequest) -> LiveWork:
        from aqgt.generation import LiveMotion

        return LiveMotion(request, self._model(request.model))

    def _use_threads(self, *, amplifies: bool) -> None:
        """The cores that are free now; for a model that amplifies rounding, those of its first job.

        Another number of threads sums in another order.
        """
        from aqgt.threads import use_threads

        now = time.monotonic()
        if not amplifies:
            # Looking takes 20 ms, as long as a short job's overhead may be in all.
            if self._threads is None and now - self._looked < _LOOK_EVERY:
                return
            use_threads(self._threads)
            self._looked = now
        elif self._steady_threads is None:
            self._steady_threads = use_threads(self._threads)
            self._looked = -_LOOK_EVERY
        else:
            use_threads(self._steady_threads)
            self._looked = -_LOOK_EVERY

    def _align(
        self, request: messages.AlignRequest, progress: Callable[[float], None]
    ) -> messages.AlignResult:
        from aqgt.speech.alignment import align
        from aqgt.speech.audio import check_audio

        check_audio(request.audio)
        words = align(request.audio, request.text, language=request.language, progress=progress)
        return messages.AlignResult(tuple(words))

    def _transcribe(
        self, request: messages.TranscribeRequest, progress: Callable[[float], None]
    ) -> messages.TranscribeResult:
        from aqgt.speech.transcription import Transcriber, transcribers

        name, folder = transcribers(self._transcription).choose(request.model)
        if self._transcriber is None or self._transcriber.name != name:
            self._transcriber = None  # the old one's memory, before the new one takes its own
            self._transcriber = Transcriber(name, folder, self._device, self._threads)
        found = self._transcriber.transcribe(request.audio, request.language, progress)
        return messages.TranscribeResult(found.words, found.language, found.model)

    def _suggest(self, request: messages.SuggestRequest) -> messages.SuggestResult:
        from aqgt.planner import suggest
        from aqgt.speech.audio import check_audio

        check_audio(request.audio)
        spans = suggest(
            request.words,
            request.audio,
            duration=len(request.audio) / messages.SAMPLE_RATE,
            density=request.density,
            energy=request.energy,
            handedness=request.handedness,
            seed=request.seed,
            keep=request.keep,
        )
        return messages.SuggestResult(tuple(spans))

    def _warm_up(self, models: Sequence[messages.ModelInfo]) -> None:
        """Load the model that is asked for most before the first job has to wait for it."""
        wanted = messages.GenerateRequest.model
        if any(model.name == wanted for model in models):
            try:
                self._model(wanted)
            except AqgtError as error:
                log.warning("the model %s cannot be loaded: %s", wanted, error)

    def _names(self) -> list[str]:
        from aqgt.models import registry

        return [name for name in registry.available() if self._allowed is None or name in self._allowed]

    def _model(self, name: str) -> Any:
        from aqgt.models import registry

        # A name only: a client must never make the engine open a path.
        if name not in self._shelf.names and name not in (names := self._names()):
            raise AqgtError(
                f"The engine has no model “{name}”.", f"It has: {', '.join(names)}.", "unknown-model"
            )
        return self._shelf.get(
            name, lambda: registry.load_model(name, device=self._device, precision=self._precision)
        )


def _share_of(task: Task) -> Callable[[float], None]:
    """Tells the client of the share that is done, and stops where nobody wants the rest."""

    def progress(share: float) -> None:
        if task.is_cancelled():
            raise JobCancelled
        task.report(messages.Progress.share(share))

    return progress


def choose_device(wish: str) -> str:
    """A device that torch can use: the wish itself, or for ``"auto"`` cuda, mps or cpu in that order.

    Raises:
        AqgtError: this machine has no such device.
    """
    import torch

    usable = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wish == "auto":
        return next(device for device, there in usable.items() if there)
    if not usable[wish]:
        raise AqgtError(
            f"PyTorch cannot use “{wish}” on this machine.",
            "Choose device auto or cpu, or install a PyTorch that fits the graphics card.",
            "no-device",
        )
    return wish
