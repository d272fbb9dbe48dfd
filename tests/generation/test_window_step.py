# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of windows that are recorded and played back; on a processor with a recorder that only remembers.

What a CUDA graph can't hold shows on a processor, too: reading a value back, a shape that depends on one, and
tensors made from Python's numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from aqgt.generation.window_step import Inputs, Recording, WindowStep, record_cuda_graph, step_of
from aqgt.models import kernels
from aqgt.models.generator import GestureGenerator
from tests.models.test_published import published_batch, published_config
from tests.models.tiny import random_batch, tiny_config, tiny_generator

_WAITING = {
    "_local_scalar_dense",  # item(), a tensor as a condition
    "nonzero",
    "masked_select",
    "_unique2",
    "lift_fresh",  # torch.tensor(…), which copies from the processor's memory
    "normal_",
    "randn",
}


class NothingWaits(TorchDispatchMode):
    """Counts operations, and notes those that a CUDA graph can't hold."""

    def __init__(self) -> None:
        super().__init__()
        self.count, self.found = 0, set[str]()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        self.count += 1
        if name in _WAITING:
            self.found.add(name)
        return function(*args, **(kwargs or {}))


class Remembering:
    """A recorder whose playing back is doing it again on the recording's own tensors."""

    def __init__(self, error: float = 0.0) -> None:
        self.made, self.played, self.error = 0, 0, error

    def __call__(self, function: Callable[[Mapping[str, Tensor]], Tensor], inputs: Inputs) -> Recording:
        self.made += 1
        static = {name: torch.zeros_like(x) for name, x in inputs.items()}
        output = torch.empty_like(function(inputs))

        def replay() -> None:
            self.played += 1
            output.copy_(function(static) + self.error)

        return Recording(static, output, replay)


def _compact(n: int, seed: int = 0) -> tuple[GestureGenerator, Inputs, Inputs]:
    generator = tiny_generator(seed=3)
    return _split(generator, random_batch(tiny_config(), n, seed=seed))


def _published(n: int) -> tuple[GestureGenerator, Inputs, Inputs]:
    config = published_config()
    return _split(tiny_generator(config), published_batch(config, n))


def _split(generator: GestureGenerator, batch: Inputs) -> tuple[GestureGenerator, Inputs, Inputs]:
    with torch.inference_mode():
        speech = generator.encode_speech(batch)
    return generator, {name: batch[name] for name in ("seed", "speaker")}, speech


@pytest.mark.parametrize("make", [_compact, _published])
def test_a_window_does_nothing_that_a_recording_could_not_hold(
    make: Callable[[int], tuple[GestureGenerator, Inputs, Inputs]],
) -> None:
    generator, batch, speech = make(2)
    with torch.inference_mode(), kernels.plain(), NothingWaits() as seen:
        generator(batch, speech)
    assert seen.count > 500
    assert not seen.found


def test_the_watcher_sees_what_waits() -> None:
    with NothingWaits() as seen:
        bool(torch.zeros(1) > torch.tensor(0.0))
    assert seen.found == {"_local_scalar_dense", "lift_fresh"}


def test_a_shape_is_recorded_when_it_comes_again_and_gives_the_same_motion() -> None:
    recorder = Remembering()
    generator, *_ = _compact(2)
    step = WindowStep(generator, recorder)
    results: list[Tensor] = []
    with torch.inference_mode():
        for seed in range(5):
            _, batch, speech = _split(generator, random_batch(tiny_config(), 2, seed=seed))
            results.append(step(batch, speech))
            assert torch.equal(results[-1], generator(batch, speech).bone_vectors)
        assert (recorder.made, recorder.played) == (1, 4)
        assert len({float(each.sum()) for each in results}) == 5, "a result is no view of the recording's"
        _, batch, speech = _split(generator, random_batch(tiny_config(), 3))
        step(batch, speech)
    assert recorder.made == 1, "another shape comes for the first time"


def test_only_some_recordings_are_kept() -> None:
    recorder = Remembering()
    generator, *_ = _compact(1)
    step = WindowStep(generator, recorder)
    with torch.inference_mode():
        for n in (1, 2, 3, 4, 5, 1):
            _, batch, speech = _split(generator, random_batch(tiny_config(), n))
            step(batch, speech)
            step(batch, speech)
    assert recorder.made == 6, "the first was dropped for the fifth, and made again"


def test_a_recording_that_differs_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Remembering(error=0.5)
    _gives_up(recorder, "differed", caplog)
    assert recorder.made == 1


def test_a_recording_that_fails_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(function: object, inputs: Inputs) -> Recording:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    _gives_up(refuse, "not permitted", caplog)


def _gives_up(recorder: Any, why: str, caplog: pytest.LogCaptureFixture) -> None:
    generator, batch, speech = _compact(2)
    step = WindowStep(generator, recorder)
    with torch.inference_mode(), caplog.at_level(logging.WARNING):
        plain = generator(batch, speech).bone_vectors
        for _ in range(4):
            assert torch.equal(step(batch, speech), plain)
    assert [why in record.message for record in caplog.records] == [True], "said once"


def test_a_processor_records_nothing() -> None:
    generator, batch, speech = _compact(1)
    with torch.inference_mode():
        for _ in range(3):
            step_of(generator)(batch, speech)
    assert step_of(generator) is step_of(generator)
    assert not step_of(generator)._recordings


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")
@pytest.mark.parametrize("make", [_compact, _published])
def test_a_cuda_graph_gives_the_plain_motion(
    make: Callable[[int], tuple[GestureGenerator, Inputs, Inputs]],
) -> None:
    generator, batch, speech = make(2)
    generator.cuda()
    batch = {name: x.cuda() for name, x in batch.items()}
    speech = {name: x.cuda() for name, x in speech.items()}
    step = WindowStep(generator, record_cuda_graph)
    with torch.inference_mode():
        plain = generator(batch, speech).bone_vectors
        for _ in range(4):
            assert torch.allclose(step(batch, speech), plain, atol=1e-5)
    assert step._recordings, "it was given up"
