# SPDX-License-Identifier: GPL-3.0-or-later
"""One request becomes motion: features, annotations, then the network window by window for all variants."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.generation.conditioning import Conditioning, condition
from aqgt.generation.idle import IdleMotion
from aqgt.generation.provenance import provenances
from aqgt.generation.stitching import Lengths, Stitcher, blend_into, ease_from
from aqgt.generation.windows import frames_of, window_starts
from aqgt.models.registry import LoadedModel
from aqgt.motion import Motion
from aqgt.protocol.checks import check_generate
from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest, GenerateResult, Progress
from aqgt.speech.audio import check_audio

OnProgress = Callable[[Progress], None]
IsCancelled = Callable[[], bool]

_EASE_FRAMES = 8
_JOIN_SECONDS = 1.0
"""How far a result runs on beyond its range while it becomes the motion that follows."""


class Cancelled(Exception):  # noqa: N818 - it is no error
    """The job was cancelled between two windows."""


@dataclass(frozen=True)
class Range:
    """Which frames are made.

    Attributes:
        start: first frame of the result, counted from the clip's start.
        n_frames: frames of the result, those that become the following motion included.
        clip_frames: frames of the whole clip.
    """

    start: int
    n_frames: int
    clip_frames: int


@dataclass
class _Job:
    """The state of one request while it runs."""

    request: GenerateRequest
    model: LoadedModel
    range: Range
    conditioning: Conditioning
    features: dict[str, NDArray[np.float32]]
    lengths: Lengths | None
    idle: IdleMotion | None
    timings: dict[str, float] = field(default_factory=dict)


def generate(
    request: GenerateRequest,
    model: LoadedModel,
    *,
    on_progress: OnProgress | None = None,
    is_cancelled: IsCancelled | None = None,
) -> GenerateResult:
    """Makes the motions of a request.

    The result has ``round(seconds · fps)`` frames from ``request.start`` on. With ``request.after``
    it runs on for up to a second, in which it becomes that motion.

    Args:
        on_progress: called after each window, once per variant.
        is_cancelled: asked before each window.

    Raises:
        AqgtError: the request can't be fulfilled; the message names the next step.
        Cancelled: ``is_cancelled`` said so.
    """
    began = time.perf_counter()
    request = replace(request, audio=check_audio(request.audio))
    _check(request, model)
    frames = _range(request, model.config.fps)
    timings: dict[str, float] = {}
    with _timed(timings, "planning"):
        conditioning = condition(request, frames.clip_frames, model.config.fps)
    with _timed(timings, "features"):
        features = model.features.prepare(conditioning.audio, conditioning.words, frames.clip_frames)
    rest = model.generator.rest_pose.cpu().numpy()
    lengths = Lengths(model.config.length_table, rest) if model.config.fixed_lengths else None
    idle = _idle(request, model, frames)
    job = _Job(request, model, frames, conditioning, features, lengths, idle, timings)
    with _timed(timings, "network"):
        vectors = _run(job, on_progress, is_cancelled)
    timings["total"] = time.perf_counter() - began
    table = model.config.length_table
    return GenerateResult(
        motions=tuple(Motion(model.config.fps, variant, table) for variant in vectors),
        spans=conditioning.spans,
        tracks=tuple(frames_of(track, frames.start, vectors.shape[1]) for track in conditioning.tracks),
        provenance=provenances(request, model, timings),
        notes=conditioning.notes,
    )


def _check(request: GenerateRequest, model: LoadedModel) -> None:
    check_generate(request)
    speakers = model.config.speaker.count
    if not 0 <= request.speaker < speakers:
        raise AqgtError(
            f"The model “{model.info.name}” has no speaker {request.speaker}.",
            f"Choose a speaker from 0 to {speakers - 1}.",
            "bad-speaker",
        )


def _range(request: GenerateRequest, fps: float) -> Range:
    seconds = len(request.audio) / SAMPLE_RATE
    end = seconds if request.end is None else request.end
    clip_frames = max(1, round(seconds * fps))
    start = min(round(request.start * fps), clip_frames - 1)
    n_frames = max(1, min(round(end * fps), clip_frames) - start)
    if request.after is not None:
        n_frames += min(len(request.after.resample(fps)), round(_JOIN_SECONDS * fps))
    return Range(start, n_frames, clip_frames)


def _run(job: _Job, on_progress: OnProgress | None, is_cancelled: IsCancelled | None) -> NDArray[np.float32]:
    """All windows, joined: `[V, T, 53, 3]`."""
    config, n_variants = job.model.config, job.request.variants
    seed = _seed_poses(job)
    # A motion that goes on before the range takes the place of the first window's seed frames.
    lead = config.seed_frames if job.request.before is not None else 0
    starts = window_starts(lead + job.range.n_frames, config.window, config.seed_frames)
    stitcher = Stitcher(config.seed_frames, job.lengths)
    noise = _style_noise(job)
    poses = job.model.generator.normalise(_tensor(job, seed)).expand(n_variants, -1, -1)
    for index, start in enumerate(starts):
        if is_cancelled is not None and is_cancelled():
            raise Cancelled
        batch = _batch(job, job.range.start - lead + start, poses, noise)
        with torch.inference_mode():
            output = job.model.generator.denormalise(job.model.generator(batch).bone_vectors)
        vectors = output.float().cpu().numpy()
        poses = _next_seed(job, vectors[:, -config.seed_frames :])
        if index == 0 and lead:
            offset = seed[-1] - vectors[:, lead - 1]
            vectors = np.concatenate(
                [vectors[:, :lead], ease_from(vectors[:, lead:], offset, _EASE_FRAMES)], axis=1
            )
        block = _alive(job, stitcher.push(vectors), start - lead)
        if on_progress is not None:
            _report(job, on_progress, block, start - lead, index, len(starts))
    made = stitcher.result()[:, lead : lead + job.range.n_frames]
    return _join_after(job, _alive(job, made, 0))


def _idle(request: GenerateRequest, model: LoadedModel, frames: Range) -> IdleMotion | None:
    """The small movements of the clip's variants, or None where model or request want none."""
    if not model.config.idle_motion or request.idle == 0:
        return None
    continues = request.before is not None or request.seed_pose is not None
    seeds = [request.seed + variant for variant in range(request.variants)]
    fps = model.config.fps
    return IdleMotion(
        request.audio,
        request.words,
        seeds,
        fps,
        request.idle,
        grows_from=frames.start / fps if continues else None,
    )


def _alive(job: _Job, vectors: NDArray[np.float32], start: int) -> NDArray[np.float32]:
    """The network's frames from ``start`` of the result on, with the small movements laid over them."""
    return vectors if job.idle is None else job.idle.apply(vectors, job.range.start + start)


def _join_after(job: _Job, made: NDArray[np.float32]) -> NDArray[np.float32]:
    after = job.request.after
    if after is None:
        return made
    fps = job.model.config.fps
    n_join = min(len(after.resample(fps)), round(_JOIN_SECONDS * fps))
    made = blend_into(made, _own_lengths(job, after)[:n_join])
    return job.lengths.apply(made) if job.lengths is not None else made


def _seed_poses(job: _Job) -> NDArray[np.float32]:
    """Bone vectors `[S, 53, 3]` the first window starts from."""
    n_seed = job.model.config.seed_frames
    given = job.request.before or job.request.seed_pose
    if given is None or len(given) == 0:
        rest = job.model.generator.rest_pose.cpu().numpy()
        return np.repeat(rest[None], n_seed, axis=0).astype(np.float32)
    vectors = _own_lengths(job, given)[-n_seed:]
    return np.concatenate([np.repeat(vectors[:1], n_seed - len(vectors), axis=0), vectors])


def _own_lengths(job: _Job, motion: Motion) -> NDArray[np.float32]:
    """A motion's bone vectors `[T, 53, 3]` at the model's frame rate and bone lengths."""
    config = job.model.config
    return motion.resample(config.fps).with_lengths(config.length_table).bone_vectors


def _next_seed(job: _Job, last: NDArray[np.float32]) -> Tensor:
    """Normalised poses `[V, S, 159]` that the next window starts from."""
    # Real poses have real bone lengths; the network saw no others while it learned.
    return job.model.generator.normalise(_tensor(job, job.lengths.apply(last) if job.lengths else last))


def _style_noise(job: _Job) -> Tensor:
    """Noise `[V, Z]`, drawn per variant from its own seed: a variant is the same alone and among others."""
    width = job.model.config.speaker.style_width
    rows = [
        torch.randn(width, generator=torch.Generator().manual_seed(job.request.seed + variant))
        for variant in range(job.request.variants)
    ]
    return _tensor(job, torch.stack(rows).numpy())


def _batch(job: _Job, start: int, poses: Tensor, noise: Tensor) -> dict[str, Tensor]:
    """The network's input for the window that begins at frame ``start`` of the clip."""
    config, n_variants = job.model.config, job.request.variants
    features = job.model.features.window(job.features, start, config.window)
    batch = {
        name: _tensor(job, value).unsqueeze(0).expand(n_variants, *value.shape)
        for name, value in features.items()
    }
    batch["annotations"] = _tensor(job, frames_of(job.conditioning.tracks, start, config.window))
    batch["seed"] = job.model.generator.seed_input(poses, n_variants)
    batch["speaker"] = torch.full((n_variants,), job.request.speaker, device=noise.device)
    batch["style_noise"] = noise
    return batch


def _report(
    job: _Job, on_progress: OnProgress, block: NDArray[np.float32], start: int, index: int, n_windows: int
) -> None:
    # Frames of the lead come before the result, and the last window may run beyond it.
    visible = block[:, max(0, -start) : job.range.n_frames - start]
    n_variants = job.request.variants
    for variant in range(n_variants):
        on_progress(
            Progress(
                window=index * n_variants + variant + 1,
                windows=n_windows * n_variants,
                variant=variant,
                start_frame=max(0, start),
                bone_vectors=visible[variant],
            )
        )


def _tensor(job: _Job, array: NDArray) -> Tensor:
    like = job.model.generator.pose_mean
    return torch.from_numpy(np.ascontiguousarray(array)).to(device=like.device, dtype=like.dtype)


@contextmanager
def _timed(timings: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    timings[name] = time.perf_counter() - began
