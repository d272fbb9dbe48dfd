# SPDX-License-Identifier: GPL-3.0-or-later
"""How many windows a second shards give, beside how many the compact model trains on, in one run.

python benchmarks/shards_speed.py [--clips 120] [--seconds 8] [--workers 2]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from aqgt import resources, skeleton
from aqgt.models.config import read_config
from aqgt.models.generator import GestureGenerator
from aqgt.models.rest_pose import rest_pose
from aqgt.words import Word
from aqgt_training.corpora.clip_lmdb import ClipRecord, ClipWriter
from aqgt_training.corpora.model_features import FeatureSpec
from aqgt_training.corpora.shard_batches import ShardSampler
from aqgt_training.corpora.shard_plan import ShardPlan
from aqgt_training.corpora.shard_writer import write_shards
from aqgt_training.corpora.shards import open_shards
from aqgt_training.losses import GeneratorLoss
from aqgt_training.stages.config import GeneratorStage

CHECKOUT = Path(__file__).resolve().parent.parent
BATCH = 96


def write_noise(folder: Path, clips: int, seconds: int = 20) -> Path:
    """A corpus of noise; what clips hold makes no difference to the time they take."""
    rng = np.random.default_rng(0)
    n_frames = seconds * 15
    with ClipWriter(folder) as writer:
        for number in range(clips):
            vectors = rest_pose()[None] + rng.normal(0, 0.01, (n_frames, 53, 3))
            sound = rng.normal(0, 3000, seconds * 16_000).astype(np.int16)
            words = [Word("hello", float(second), second + 0.4) for second in range(seconds)]
            annotations = np.zeros((17, n_frames), np.float32)
            writer.add(
                ClipRecord(f"{number:04d}", vectors, skeleton.HUMAN_LENGTHS, sound, words, annotations)
            )
    return folder


def rate_of_loading(folder: Path, workers: int, seconds: float) -> float:
    """Windows per second of batches that nobody uses, the first one not counted."""
    stream = open_shards(folder)
    mean, std = stream.statistics()
    sampler = ShardSampler(
        stream, mean, np.maximum(std, 0.01), batch_size=BATCH, seed_frames=4, workers=workers
    )
    windows, began, epoch = 0, 0.0, 0
    while began == 0.0 or time.perf_counter() - began < seconds:
        for batch in sampler.epoch(epoch):
            if began == 0.0:
                began = time.perf_counter()
                continue
            windows += len(batch["speaker"])
        epoch += 1
    return windows / (time.perf_counter() - began)


def rate_of_training(folder: Path, steps: int) -> float:
    """Windows per second of training steps of the compact model, without discriminator, on both cores."""
    config = read_config(resources.data_path("configs", "models", "compact.yaml"))
    stream = open_shards(folder)
    mean, std = (torch.from_numpy(value) for value in stream.statistics())
    torch.manual_seed(0)
    generator = GestureGenerator(config)
    rest = torch.from_numpy(stream.rest_pose())
    generator.set_pose_statistics(mean, std, rest, floor=0.01)
    sampler = ShardSampler(stream, mean.numpy(), generator.pose_std.numpy(), batch_size=BATCH, seed_frames=4)
    loss = GeneratorLoss(generator.pose_mean, generator.pose_std, GeneratorStage().losses)
    optimiser = torch.optim.AdamW(generator.parameters())
    batch = next(sampler.epoch(0))
    taken = []
    for _ in range(steps):
        began = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16):
            output = generator(batch).bone_vectors
        loss(output.float(), batch["target"])["total"].backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        taken.append(time.perf_counter() - began)
    return BATCH / min(taken)


def main() -> None:
    """Make shards of noise, then measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        corpus = write_noise(Path(scratch) / "clips", arguments.clips)
        words = CHECKOUT / "models" / "compact" / "words.safetensors"
        spec = FeatureSpec(str(resources.data_path("configs", "models", "compact.yaml")), words)
        began = time.perf_counter()
        made = write_shards(ShardPlan((corpus,), spec), Path(scratch) / "shards")["splits"]["train"]
        writing = made["windows"] / (time.perf_counter() - began)
        alone = rate_of_loading(Path(scratch) / "shards", 0, arguments.seconds)
        several = rate_of_loading(Path(scratch) / "shards", arguments.workers, arguments.seconds)
        training = rate_of_training(Path(scratch) / "shards", steps=8)
    print(f"write, features included, one process      {writing:8.0f} windows/s")
    print(f"read in the training process               {alone:8.0f} windows/s")
    print(f"read by {arguments.workers} processes                        {several:8.0f} windows/s")
    print(f"train the compact model, {torch.get_num_threads()} threads         {training:8.0f} windows/s")
    print(f"ratio                                      {max(alone, several) / training:8.1f}")


if __name__ == "__main__":
    main()
