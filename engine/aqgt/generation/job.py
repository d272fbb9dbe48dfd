# SPDX-License-Identifier: GPL-3.0-or-later
"""One request while it runs: what its windows are made from, and the motion that grows out of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqgt.annotations import N_CHANNELS
from aqgt.generation.conditioning import Conditioning
from aqgt.generation.gain import ArmGain
from aqgt.generation.idle import IdleMotion
from aqgt.generation.noise import Noise, Sampler, sampler_of
from aqgt.generation.recorded_hands import RecordedHands
from aqgt.generation.stitching import Lengths, Stitcher, become, ease_from
from aqgt.generation.windows import published_starts, window_starts
from aqgt.models.generator import GestureGenerator
from aqgt.models.registry import LoadedModel
from aqgt.motion import Motion
from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest, Progress
from aqgt.skeleton import HEAD_TOP, NOSE
from aqgt.speech.features import OpenClip

OnProgress = Callable[[Progress], None]

_EASE_FRAMES = 8
_JOIN_SECONDS = 1.0
"""How far a result runs on beyond its range while it becomes the motion that follows."""
_HEAD = [NOSE, HEAD_TOP]


@dataclass(frozen=True)
class Range:
    """Which part of a clip is made.

    Attributes:
        start: first frame of the result, counted from the clip's start.
        n_frames: frames of the result, those that become the following motion included.
        seconds: the same length, not rounded to frames.
        clip_frames: frames of the whole clip.
    """

    start: int
    n_frames: int
    seconds: float
    clip_frames: int


def range_of(request: GenerateRequest, fps: float) -> Range:
    """The range a request asks for."""
    seconds = len(request.audio) / SAMPLE_RATE
    end = seconds if request.end is None else min(request.end, seconds)
    clip_frames = max(1, round(seconds * fps))
    start = min(round(request.start * fps), clip_frames - 1)
    n_frames = max(1, min(round(end * fps), clip_frames) - start)
    joined = 0 if request.after is None else _n_join(request.after, fps)
    return Range(start, n_frames + joined, end - request.start + joined / fps, clip_frames)


def _n_join(after: Motion, fps: float) -> int:
    return min(len(after.resample(fps)), round(_JOIN_SECONDS * fps))


@dataclass
class Job:
    """A request at work.

    Attributes:
        request: with its speaker filled in.
        clip: gives the features of its windows; requests about the same sound and words share one.
        on_progress: told of each window and variant.
    """

    request: GenerateRequest
    model: LoadedModel
    range: Range
    conditioning: Conditioning
    clip: OpenClip
    on_progress: OnProgress | None = None
    tracks: NDArray[np.float32] = field(init=False)
    """`[V, 17, T]` what the network read, over all windows; of frames in two windows, what the later read."""
    starts: list[int] = field(init=False)
    """First frame of each window, counted from the clip's start."""
    seed: Tensor | None = field(init=False)
    """Normalised poses `[V, S, 159]` that the next window starts from, or None."""

    def __post_init__(self) -> None:
        config, request = self.model.config, self.request
        # A motion that goes on before the range takes the place of the first window's seed frames.
        self._lead = config.seed_frames if request.before is not None else 0
        relative = window_starts(self._lead + self.range.n_frames, config.window, config.seed_frames)
        if config.published is not None:
            seconds = self.range.seconds + self._lead / config.fps
            counted = published_starts(seconds, config.window, config.seed_frames, config.fps)
            # A range may be rounded to more frames than its seconds hold.
            relative = max(relative, counted, key=len)
        self.starts = [self.range.start - self._lead + start for start in relative]
        rest = self._generator.rest_pose.cpu().numpy()
        self._lengths = Lengths(config.length_table, rest) if config.fixed_lengths else None
        self._stitcher = Stitcher(config.seed_frames, self._lengths)
        self._gain = self._make_gain(rest)
        self._hands = self._make_hands()
        self._idle = self._make_idle()
        after = request.after
        self._after = None if after is None else self._own_vectors(after)[: _n_join(after, config.fps)]
        seeds = [request.seed + variant for variant in range(request.variants)]
        self._sampler: Sampler = sampler_of(config, seeds, request.sampling)
        self._given = self._seed_poses()
        self.seed = None
        if self._given is not None:
            self.seed = self._generator.normalise(self._tensor(self._given)).expand(request.variants, -1, -1)
        shape = (request.variants, N_CHANNELS, self.starts[-1] - self.starts[0] + config.window)
        self.tracks = np.zeros(shape, np.float32)

    @property
    def _generator(self) -> GestureGenerator:
        return self.model.generator

    @property
    def n_variants(self) -> int:
        """Motions to make."""
        return self.request.variants

    def conditions(self, index: int) -> Noise:
        """Annotations `[V, 17, T]` and noise of a window; to be asked for window after window, once each."""
        config = self.model.config
        annotations = self.conditioning.window(self.starts[index], config.window)
        at = self.starts[index] - self.starts[0]
        self.tracks[..., at : at + config.window] = annotations
        forms = self.conditioning.window_forms(self.starts[index], config.window)
        return {"annotations": annotations, **forms, **self._sampler.draw(annotations)}

    def take(self, index: int, output: Tensor) -> None:
        """The network's output `[V, T, 159]` for a window becomes part of the motion."""
        n_seed = self.model.config.seed_frames
        full = output.to(torch.promote_types(output.dtype, torch.float32))
        vectors = self._generator.denormalise(full).cpu().numpy()
        if self._lengths is None:
            self.seed = output[:, -n_seed:]
        else:
            # Real poses have real bone lengths; the network saw no others while it learned.
            fixed = self._tensor(self._lengths.apply(vectors[:, -n_seed:]))
            self.seed = self._generator.normalise(fixed)
        if not self.request.head:
            # The network goes on seeing the head it made, so that everything else moves as it would.
            vectors[:, :, _HEAD] = self._generator.rest_pose.cpu().numpy()[_HEAD]
        if index == 0 and self._lead and self._given is not None:
            offset = self._given[-1] - vectors[:, self._lead - 1]
            eased = ease_from(vectors[:, self._lead :], offset, _EASE_FRAMES)
            vectors = np.concatenate([vectors[:, : self._lead], eased], axis=1)
        block = self._stitcher.push(vectors)
        if self.on_progress is not None:
            self._report(self.on_progress, block, index)

    def motion(self) -> NDArray:
        """All windows as one, cut to the range and joined to what follows: `[V, T, 53, 3]`."""
        made = self.stitched()[:, self._lead : self._lead + self.range.n_frames]
        return self._finished(made, 0)

    def stitched(self) -> NDArray:
        """All windows as one, from the first frame of the first to the last of the last."""
        return self._stitcher.result()

    def read_tracks(self) -> NDArray[np.float32]:
        """The annotations the network read, over the range: `[V, 17, T]`."""
        return self.tracks[..., self._lead : self._lead + self.range.n_frames]

    def _report(self, on_progress: OnProgress, block: NDArray, index: int) -> None:
        start = self.starts[index] - self.range.start
        # Frames of the lead come before the result, and the last window may run beyond it.
        visible = block[:, max(0, -start) : max(0, self.range.n_frames - start)]
        visible = self._finished(visible, max(0, start))
        for variant in range(self.n_variants):
            on_progress(
                Progress(
                    window=index * self.n_variants + variant + 1,
                    windows=len(self.starts) * self.n_variants,
                    variant=variant,
                    start_frame=max(0, start),
                    bone_vectors=visible[variant].astype(np.float32, copy=False),
                )
            )

    @property
    def _grows_from(self) -> int | None:
        """Where what is laid over the network's motion grows from, since another motion goes on there."""
        continues = self.request.before is not None or self.request.seed_pose is not None
        return self.range.start if continues else None

    def _make_gain(self, rest: NDArray) -> ArmGain | None:
        """The gain of the clip's variants, or None where the model has none."""
        gain, fps = self.model.config.annotation.extent_gain, self.model.config.fps
        if gain.is_neutral:
            return None
        return ArmGain(gain, self.conditioning.tracks, rest, fps, grows_from=self._grows_from)

    def _make_hands(self) -> RecordedHands | None:
        """The recorded hands of the clip's variants, or None where the model has none."""
        table, config, conditioning = self.model.hands, self.model.config, self.conditioning
        if table is None:
            return None
        share = config.annotation.recorded_hands
        given = (conditioning.tracks, conditioning.forms, config.fps)
        return RecordedHands(table, share, *given, grows_from=self._grows_from)

    def _make_idle(self) -> IdleMotion | None:
        """The small movements of the clip's variants, or None where model or request want none."""
        request, fps = self.request, self.model.config.fps
        if not self.model.config.idle_motion or request.idle == 0:
            return None
        grows_from = self._grows_from
        return IdleMotion(
            request.audio,
            request.words,
            [request.seed + variant for variant in range(request.variants)],
            fps,
            request.idle,
            grows_from=None if grows_from is None else grows_from / fps,
        )

    def _finished(self, vectors: NDArray, start: int) -> NDArray:
        """The network's frames from ``start`` of the result on, with all that is laid over them."""
        if self._gain is not None:
            vectors = self._gain.apply(vectors, self.range.start + start)
        if self._hands is not None:
            vectors = self._hands.apply(vectors, self.range.start + start)
        if self._idle is not None:
            alive = self._idle.apply(vectors, self.range.start + start)
            if not self.request.head:
                alive[:, :, _HEAD] = vectors[:, :, _HEAD]
            vectors = alive
        if self._after is None:
            return vectors
        return become(vectors, self._after, self.range.n_frames - len(self._after) - start, self._lengths)

    def _seed_poses(self) -> NDArray[np.float32] | None:
        """Bone vectors `[S, 53, 3]` the first window starts from; None where a model begins from nothing."""
        config = self.model.config
        given = self.request.before or self.request.seed_pose
        if given is None or len(given) == 0:
            if config.published is not None:
                return None
            rest = self._generator.rest_pose.cpu().numpy()
            return np.repeat(rest[None], config.seed_frames, axis=0).astype(np.float32)
        vectors = self._own_vectors(given)[-config.seed_frames :]
        return np.concatenate([np.repeat(vectors[:1], config.seed_frames - len(vectors), axis=0), vectors])

    def _own_vectors(self, motion: Motion) -> NDArray[np.float32]:
        """A motion's bone vectors `[T, 53, 3]` at the model's frame rate and bone lengths."""
        config = self.model.config
        motion = motion.resample(config.fps)
        if not config.keeps_root:
            return motion.with_lengths(config.length_table).bone_vectors
        if np.allclose(motion.lengths, config.length_table, rtol=1e-3, atol=1e-6):
            return motion.bone_vectors
        # Somebody else's root has its own origin; the mean is where this model's stands.
        vectors = motion.with_lengths(config.length_table).bone_vectors
        vectors[:, 0] = self._generator.pose_mean[0].cpu().numpy()
        return vectors

    def _tensor(self, array: NDArray) -> Tensor:
        like = self._generator.pose_mean
        return torch.from_numpy(np.ascontiguousarray(array)).to(device=like.device, dtype=like.dtype)
