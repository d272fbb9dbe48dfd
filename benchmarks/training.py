# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of every training stage on this machine, with made-up batches: `make bench`, or by hand.

python benchmarks/training.py            a few steps of each stage in its published size, small batches
python benchmarks/training.py --full     one step of each in its published size and batch: time, memory
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

CHECKOUT = Path(__file__).resolve().parent.parent
PUBLISHED = {
    "pose-vq": 256,
    "audio-vq": 128,
    "annotation": 128,
    "autoencoder": 128,
    "generator": 32,
    "discriminator": 32,
}
"""Stages and their batch sizes in configs/stages."""
SMALL = {
    "pose-vq": 32, "audio-vq": 4, "annotation": 32, "autoencoder": 32, "generator": 2, "discriminator": 2,
    "compact generator": 32,
}  # fmt: skip
COUNTS = {
    "pose-vq": 7_431_073,
    "audio-vq": 7_721_878,
    "annotation": 3_606_868,
    "autoencoder": 5_786_791,
    "generator": 84_475_412,
    "discriminator": 4_572_196,
}
"""Parameters of the published networks."""

Step = Callable[[int], object]


class Batches:
    """The same batch again and again."""

    def __init__(self, batch: dict[str, Tensor], size: int) -> None:
        self.batch, self.batch_size = batch, size

    def epoch(self, seed: int, **options: object) -> Iterator[dict[str, Tensor]]:
        while True:
            yield self.batch


def steps_of(stage: str, size: int) -> tuple[Step, torch.nn.Module]:
    """What makes one step of a stage, and the network that it trains."""
    from aqgt_training.stages.core.devices import make_fabric
    from aqgt_training.stages.core.feed import Position

    torch.manual_seed(0)
    fabric = make_fabric("cpu", 1, "bf16-mixed" if stage == "compact generator" else "32-true")
    task, batch, network = _task(stage, size, fabric)
    # The discriminator's turn of the published training is every odd step.
    first = 1 if stage == "discriminator" else 0

    def step(number: int) -> object:
        for player in task.players.values():
            player.network.train()
        return task.step(batch, Position(step=first + 2 * number), 0.9)

    return step, network


def _task(stage: str, size: int, fabric: Any) -> tuple[Any, dict[str, Tensor], torch.nn.Module]:
    from aqgt.models.config import PoseHeadConfig, read_config
    from aqgt.models.generator import GestureGenerator
    from aqgt.models.pose_head import VqPoseHead
    from aqgt.resources import data_path
    from aqgt_training.stages.annotation import AnnotationStage, AnnotationTask
    from aqgt_training.stages.audio_vq import AudioVqStage, AudioVqTask
    from aqgt_training.stages.autoencoder import AutoencoderStage, AutoencoderTask
    from aqgt_training.stages.config import GeneratorStage, PublishedStage
    from aqgt_training.stages.data import Statistics
    from aqgt_training.stages.generator import GeneratorTask
    from aqgt_training.stages.pose_vq import PoseVqStage, PoseVqTask, TrainedPoseVq
    from aqgt_training.stages.published_generator import PublishedGeneratorTask

    model = read_config(data_path("configs", "models", "aqgt-a.yaml"))
    statistics = Statistics(*(np.full((53, 3), value, np.float32) for value in (0.0, 1.0, 0.0)))
    motion = {"target": 0.02 * torch.randn(size, 34, 159), "annotations": torch.ones(size, 17, 34)}
    motion["speaker"] = torch.zeros(size, dtype=torch.int64)
    head: PoseHeadConfig = model.pose_head
    task: Any
    match stage:
        case "pose-vq":
            task = PoseVqTask(PoseVqStage(batch_size=size), head, statistics, fabric)
        case "audio-vq":
            task = AudioVqTask(AudioVqStage(batch_size=size), fabric)
            motion = {"sound": torch.rand(size, 1, 64, 64) * 2 - 1}
        case "annotation":
            vq = TrainedPoseVq(VqPoseHead(head), head, statistics, "")
            task = AnnotationTask(AnnotationStage(batch_size=size), vq, fabric)
        case "autoencoder":
            task = AutoencoderTask(AutoencoderStage(batch_size=size), torch.zeros(53, 3), fabric)
        case "compact generator":
            compact = read_config(data_path("configs", "models", "compact.yaml"))
            features = compact.features
            seed = torch.zeros(size, 34, 160)
            motion |= {
                "seed": seed,
                "mel": torch.randn(size, 34, features.mel_per_frame, features.n_mels),
                "beats": torch.rand(size, 34, 2, 3 * features.beats_per_frame),
                "words": torch.randn(size, 34, compact.word_columns),
            }
            task = GeneratorTask(GestureGenerator(compact), GeneratorStage(batch_size=size), fabric)
        case _:
            generator = GestureGenerator(model)
            generator.pose_std.fill_(1.0)
            task = PublishedGeneratorTask(generator, PublishedStage(batch_size=size), fabric)
            seed = torch.zeros(size, 34, 160)
            seed[:, :4, :159], seed[:, :4, 159] = motion["target"][:, :4], 1.0
            motion |= {
                "seed": seed,
                "beats": torch.rand(size, 2, 1020),
                "sentence": torch.randn(size, 768),
                "logits": torch.randn(size, 113, 32),
                "audio_bottom": torch.randn(size, 2304),
                "audio_top": torch.randn(size, 576),
            }
    player = task.players["discriminator" if stage == "discriminator" else "main"]
    return task, motion, player.network


def measure(stage: str, size: int, repeats: int) -> float:
    """Seconds of the fastest of several steps, one before them not counted."""
    step, _ = steps_of(stage, size)
    step(0)
    taken = []
    for number in range(repeats):
        start = time.perf_counter()
        step(3 * number)  # each with the discriminator's score
        taken.append(time.perf_counter() - start)
    return min(taken)


def decoding(size: int, repeats: int) -> dict[str, float]:
    """Seconds of processor of a published generator's step, by how its aligner decodes; interleaved."""
    from aqgt.models.aligner import TemporalAligner

    step, network = steps_of("generator", size)
    aligner = network.aligner
    assert isinstance(aligner, TemporalAligner)
    ways = {"independent steps in one batch": True, "step by step": False}
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(repeats + 1):
        for name, grouped in ways.items():
            aligner.grouped = grouped
            start = time.process_time()  # a busy neighbour does not count
            step(0)
            best[name] = min(best[name], time.process_time() - start)
    return best


def full(stage: str) -> dict[str, float]:
    """One step in the published size and batch: seconds, peak memory of the process, parameters."""
    step, network = steps_of(stage, PUBLISHED[stage])
    start = time.perf_counter()
    step(0)
    count = sum(parameter.numel() for parameter in network.parameters())
    if stage == "pose-vq":
        count = sum(parameter.numel() for parameter in network.vq.parameters())  # type: ignore[union-attr]
    return {
        "seconds": time.perf_counter() - start,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "parameters": count,
    }


def main() -> None:
    """Measure and print; with --full, fail where a network has other parameters or takes more than 24 GiB."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--stage", choices=[*PUBLISHED, *SMALL])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--output", type=Path, default=CHECKOUT / "out" / "bench-training.json")
    arguments = parser.parse_args()
    if arguments.full and arguments.stage:
        print(json.dumps(full(arguments.stage)))
        return
    record: dict[str, Any] = {"threads": torch.get_num_threads()}
    wrong = []
    if arguments.full:
        for stage in PUBLISHED:  # each in a process of its own, whose peak of memory is its own
            command = [sys.executable, __file__, "--full", "--stage", stage]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            record[stage] = found
            print(
                f"{stage:<16} batch {PUBLISHED[stage]:>3}  {found['seconds']:>7.1f} s"
                f"  {found['peak_gib']:>5.1f} GiB  {found['parameters']:>11,} parameters",
                flush=True,
            )
            if found["parameters"] != COUNTS[stage] or found["peak_gib"] > 24:
                wrong.append(stage)
    else:
        for stage in [arguments.stage] if arguments.stage else SMALL:
            seconds = measure(stage, SMALL[stage], arguments.repeats)
            record[stage] = {"steps_per_second": 1 / seconds, "samples_per_second": SMALL[stage] / seconds}
            print(
                f"{stage:<18} {1 / seconds:>8.3g} steps/s {SMALL[stage] / seconds:>8.3g} samples/s",
                flush=True,
            )
        if not arguments.stage:
            record["decoding"] = found = decoding(SMALL["generator"], arguments.repeats)
            best = found["independent steps in one batch"]
            for name, seconds in found.items():
                print(f"generator, {name:<32} {seconds:>6.2f} s (processor), {seconds / best:.2f} times")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if wrong:
        sys.exit(f"Not as published: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
