# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker does for its jobs: the only place of the service that knows models, speech and planner."""

from __future__ import annotations

import importlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aqgt.errors import AqgtError
from aqgt.protocol import messages
from aqgt.service.config import EngineConfig

log = logging.getLogger("aqgt.backend")

OnProgress = Callable[[messages.Progress], None]
IsCancelled = Callable[[], bool]


class JobCancelled(Exception):  # noqa: N818 -- it is no error
    """A backend stopped because its `is_cancelled` said so."""


class Backend(Protocol):
    """Does the work of one worker process, one job at a time."""

    def describe(self) -> tuple[str, tuple[messages.ModelInfo, ...]]:
        """The device in words, and the models."""

    def run(self, request: Any, on_progress: OnProgress, is_cancelled: IsCancelled) -> Any:
        """The result of a request.

        Raises:
            AqgtError: the request cannot be fulfilled.
            JobCancelled: `is_cancelled` said so.
        """


def make_backend(factory: str, config: EngineConfig) -> Backend:
    """The backend that ``"module:callable"`` makes of the configuration."""
    module, _, name = factory.partition(":")
    backend: Backend = getattr(importlib.import_module(module), name)(config)
    return backend


class ModelBackend:
    """The real one: it loads models when they are first asked for and keeps the last few."""

    def __init__(self, config: EngineConfig) -> None:
        self._threads = config.threads
        self._steady_threads: int | None = None
        self._precision = config.precision
        self._device = choose_device(config.device)
        self._allowed = config.models
        self._keep = config.loaded_models
        self._loaded: OrderedDict[str, Any] = OrderedDict()

    def describe(self) -> tuple[str, tuple[messages.ModelInfo, ...]]:
        from aqgt.models import registry

        models = []
        for name in self._names():
            try:
                models.append(registry.describe(name))
            except AqgtError as error:
                log.warning("the model %s is left out: %s", name, error)
        self._warm_up(models)
        return self._device, tuple(models)

    def run(self, request: Any, on_progress: OnProgress, is_cancelled: IsCancelled) -> Any:
        if isinstance(request, messages.GenerateRequest):
            return self._generate(request, on_progress, is_cancelled)
        if isinstance(request, messages.AlignRequest):
            return self._align(request)
        if isinstance(request, messages.SuggestRequest):
            return self._suggest(request)
        raise AqgtError(
            f"The engine does not know “{type(request).__name__}”.",
            "Install the same version of the engine and of the client.",
            "unknown-request",
        )

    def _generate(
        self, request: messages.GenerateRequest, on_progress: OnProgress, is_cancelled: IsCancelled
    ) -> messages.GenerateResult:
        from aqgt import generation

        model = self._model(request.model)
        self._use_threads(amplifies=model.config.published is not None)
        try:
            return generation.generate(request, model, on_progress=on_progress, is_cancelled=is_cancelled)
        except generation.Cancelled as cancelled:
            raise JobCancelled from cancelled

    def _use_threads(self, *, amplifies: bool) -> None:
        """The cores that are free now; for a model that amplifies rounding, those of its first job.

        Another number of threads sums in another order.
        """
        from aqgt.threads import use_threads

        if not amplifies:
            use_threads(self._threads)
        elif self._steady_threads is None:
            self._steady_threads = use_threads(self._threads)
        else:
            use_threads(self._steady_threads)

    def _align(self, request: messages.AlignRequest) -> messages.AlignResult:
        from aqgt.speech.alignment import align
        from aqgt.speech.audio import check_audio

        check_audio(request.audio)
        return messages.AlignResult(tuple(align(request.audio, request.text, language=request.language)))

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

        if name not in self._loaded:
            # A name only: a client must never make the engine open a path.
            if name not in (names := self._names()):
                raise AqgtError(
                    f"The engine has no model “{name}”.", f"It has: {', '.join(names)}.", "unknown-model"
                )
            self._loaded[name] = registry.load_model(name, device=self._device, precision=self._precision)
        self._loaded.move_to_end(name)
        while len(self._loaded) > self._keep:
            self._loaded.popitem(last=False)
        return self._loaded[name]


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
