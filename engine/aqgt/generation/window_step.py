# SPDX-License-Identifier: GPL-3.0-or-later
"""One window of a batch; on a GPU as a CUDA graph, which starts its many small kernels in one go.

A window is a thousand operations and more on a few rows each. A processor works on them longer than it takes
to name them; a GPU does not, and waits for Python most of the time. So the operations are recorded once for
each shape of batch and played back from then on.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary, ref

import torch
from torch import Tensor

from aqgt.models.generator import GestureGenerator

_MOST = 4
"""Recordings that are kept per model; each holds its intermediate results in the GPU's memory."""
_WARM_UP = 3
"""Runs before a recording, in which the libraries choose their ways and take their memory."""
_TOLERANCE = 1e-3
"""Largest difference of a recording from the plain way, as a share of the largest value."""

Inputs = dict[str, Tensor]
Function = Callable[[Mapping[str, Tensor]], Tensor]
_Key = tuple[tuple[str, tuple[int, ...], torch.dtype], ...]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recording:
    """A function recorded for inputs of one shape.

    Attributes:
        inputs: the tensors that it reads; to be filled before each ``replay``.
        output: the tensor that it writes; the next ``replay`` overwrites it.
        replay: does it once more.
    """

    inputs: Inputs
    output: Tensor
    replay: Callable[[], None]


Recorder = Callable[[Function, Inputs], Recording]


def record_cuda_graph(function: Function, inputs: Inputs) -> Recording:
    """Records a function of tensors that lie on a GPU.

    Raises:
        RuntimeError: it does something that can't be recorded, such as waiting for a value.
    """
    static = {name: x.clone(memory_format=torch.contiguous_format) for name, x in inputs.items()}
    device = next(iter(static.values())).device
    with torch.cuda.device(device):
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UP):
                function(static)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        # Other threads of the process may use the GPU meanwhile, and don't spoil the recording.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            output = function(static)
    return Recording(static, output, graph.replay)


class WindowStep:
    """Runs a generator window by window.

    A shape of batch that comes a second time is recorded, so that one that comes once costs no recording. A
    recording that fails, or that gives another result than the plain way, is given up with a warning, and
    all goes on the plain way.
    """

    def __init__(self, generator: GestureGenerator, recorder: Recorder | None = record_cuda_graph) -> None:
        self._generator = ref(generator)  # weakly, since `step_of` keeps this by generator
        self._recorder = recorder
        self._seen: set[_Key] = set()
        self._recordings: OrderedDict[_Key, Recording] = OrderedDict()

    def __call__(self, batch: Inputs, speech: Inputs) -> Tensor:
        """Bone vectors `[B, T, 159]`, normalised, of one window of each row.

        Args:
            batch: ``seed`` and ``speaker`` as `GestureGenerator` takes them.
            speech: rows of what `GestureGenerator.encode_speech` gave.
        """
        inputs = batch | {_SPEECH + name: x for name, x in speech.items()}
        if self._recorder is None:
            return self._plain(inputs)
        key = tuple((name, tuple(x.shape), x.dtype) for name, x in inputs.items())
        recording = self._recordings.get(key)
        if recording is None:
            if key in self._seen:
                return self._record(key, inputs)
            self._seen.add(key)
            return self._plain(inputs)
        self._recordings.move_to_end(key)
        return _play(recording, inputs)

    def _record(self, key: _Key, inputs: Inputs) -> Tensor:
        assert self._recorder is not None
        plain = self._plain(inputs)
        try:
            recording = self._recorder(self._plain, inputs)
            played = _play(recording, inputs)
        except RuntimeError as error:
            return self._give_up(plain, str(error).splitlines()[0])
        apart = float((played - plain).abs().max() / plain.abs().max().clamp(min=1e-6))
        if not apart <= _TOLERANCE:  # also where it is no number
            return self._give_up(plain, f"its motion differed by {apart:.2g}")
        self._recordings[key] = recording
        while len(self._recordings) > _MOST:
            dropped, _ = self._recordings.popitem(last=False)
            self._seen.discard(dropped)
        return plain

    def _give_up(self, plain: Tensor, why: str) -> Tensor:
        _log.warning("The windows run without CUDA graphs: %s", why)
        self._recorder = None
        self._recordings.clear()
        return plain

    def _plain(self, inputs: Mapping[str, Tensor]) -> Tensor:
        generator = self._generator()
        assert generator is not None
        speech = {name.removeprefix(_SPEECH): x for name, x in inputs.items() if name.startswith(_SPEECH)}
        batch = {name: x for name, x in inputs.items() if not name.startswith(_SPEECH)}
        poses: Tensor = generator(batch, speech).bone_vectors
        return poses


_SPEECH = "speech."


def _play(recording: Recording, inputs: Inputs) -> Tensor:
    for name, x in inputs.items():
        recording.inputs[name].copy_(x)
    recording.replay()
    return recording.output.clone()


_steps: WeakKeyDictionary[GestureGenerator, tuple[torch.device, WindowStep]] = WeakKeyDictionary()


def step_of(generator: GestureGenerator) -> WindowStep:
    """The generator's own `WindowStep`, with recordings where it lies on an NVIDIA GPU."""
    device = generator.pose_mean.device
    known = _steps.get(generator)
    if known is None or known[0] != device:
        known = (device, WindowStep(generator, record_cuda_graph if device.type == "cuda" else None))
        _steps[generator] = known
    return known[1]
