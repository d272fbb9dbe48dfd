# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop of all stages.

It ends after a number of steps, epochs or minutes; what it was doing when it was killed is done again in the
same way: checkpoints hold weights, optimisers, averages, the place in the data and the random numbers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt_training.stages.core import checkpoints
from aqgt_training.stages.core.average import WeightAverage
from aqgt_training.stages.core.devices import gathered
from aqgt_training.stages.core.feed import Batch, BatchSource, Position, batches
from aqgt_training.stages.core.players import diverged, seed_everything
from aqgt_training.stages.core.progress import progress_bar
from aqgt_training.stages.core.settings import StageSettings
from aqgt_training.stages.core.task import Task
from aqgt_training.stages.core.tracking import Tracker


class Trainer:
    """One training.

    Args:
        task: networks and losses of the stage.
        source: training batches; ``validation``: held-out ones.
        settings: of the stage.
        folder: where checkpoints, logs and samples go.
        fabric: devices and precision.
    """

    def __init__(
        self,
        task: Task,
        source: BatchSource,
        validation: BatchSource,
        settings: StageSettings,
        folder: Path,
        fabric: Fabric,
    ) -> None:
        self.task, self.source, self.validation = task, source, validation
        self.settings, self.folder, self.fabric = settings, folder, fabric
        self.position = Position()
        self.average = WeightAverage(task.main.network, settings.ema_decay) if settings.ema_decay else None
        seed_everything(settings.seed, fabric)

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint."""
        return self.folder / checkpoints.CHECKPOINT

    @property
    def best(self) -> Path:
        """The weights of the best validation."""
        return self.folder / checkpoints.BEST

    def share_done(self) -> float:
        """How much of the training is over, 0 to 1, by steps, epochs or time, whichever is furthest."""
        settings, position = self.settings, self.position
        shares = [position.step / settings.max_steps, position.seconds / (60 * settings.minutes)]
        if settings.epochs is not None:
            shares.append(position.epoch / settings.epochs)
        if settings.stop_patience and position.waiting >= settings.stop_patience:
            shares.append(1.0)
        return min(1.0, max(shares))

    def run(self) -> Position:
        """Trains until the end; goes on from a checkpoint in the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            self.position = checkpoints.load_checkpoint(self.checkpoint, self.task, self.average, self.fabric)
        if self.share_done() >= 1:
            return self.position
        self._check_held_out()
        tracker = self._tracker()
        with progress_bar(hidden=not self.fabric.is_global_zero) as bar:
            row = bar.add_task(self.task.name, total=1.0, loss="")
            terms = self._loop(tracker, lambda text: bar.update(row, completed=self.share_done(), loss=text))
        if self.position.history[-1:] == [] or self.position.history[-1]["step"] != self.position.step:
            self._validated(terms, tracker)
        self._save()
        if tracker is not None:
            tracker.close(self.position.history)
        return self.position

    def _check_held_out(self) -> None:
        """Raises now, not at the first validation, when the held-out part has no batch."""
        if next(iter(self.validation.epoch(0, shuffle=False)), None) is None:
            raise AqgtError(
                "The held-out part of the corpus has no window: its clips are too short.",
                "Hold out longer or more clips.",
                "small-corpus",
            )

    def exported_state(self) -> dict[str, Tensor]:
        """The weights that the stage hands on, see `StageSettings.export`."""
        if self.settings.export == "best" and self.best.is_file():
            return checkpoints.read_checkpoint(self.best)["weights"]
        if self.average is not None:
            return self.average.state
        with self.task.main.slow_weights():
            return {name: v.detach().clone() for name, v in self.task.main.network.state_dict().items()}

    def _tracker(self) -> Tracker | None:
        if not self.fabric.is_global_zero:
            return None
        config = self.settings.model_dump(mode="json", exclude={"wandb"})
        return Tracker(self.folder, self.position.step, self.settings.wandb, config)

    def _loop(self, tracker: Tracker | None, show: Callable[[str], None]) -> dict[str, float]:
        settings, position = self.settings, self.position
        last_saved = time.monotonic()
        terms: dict[str, float] = {}
        rank, devices = self.fabric.global_rank, self.fabric.world_size
        epoch = position.epoch
        self.task.begin_epoch(epoch)
        for batch in batches(self.source, position, settings.seed, rank, devices):
            if position.epoch != epoch:
                self._epoch_ended(terms, tracker)
                if self.share_done() >= 1:
                    position.batch = 0  # the batch that was fetched has not been learnt
                    break
                epoch = position.epoch
                self.task.begin_epoch(epoch)
            began = time.monotonic()
            terms = self._step(batch)
            # All devices must end at the same step, so one clock counts.
            position.seconds = self.fabric.broadcast(position.seconds + time.monotonic() - began)
            show(f"step {position.step}" + (f" loss {terms['total']:.3f}" if "total" in terms else ""))
            if tracker is not None and position.step % settings.log_every == 0:
                tracker.training(position.step, terms)
            if settings.validate_every and position.step % settings.validate_every == 0:
                self._validated(terms, tracker)
            if self._checkpoint_due(last_saved):
                self._save()
                last_saved = time.monotonic()
            if self.share_done() >= 1:
                break
        return terms

    def _checkpoint_due(self, last_saved: float) -> bool:
        settings = self.settings
        late = time.monotonic() - last_saved > 60 * settings.checkpoint_minutes
        by_step = settings.checkpoint_steps and self.position.step % settings.checkpoint_steps == 0
        return bool(self.fabric.broadcast(late or by_step))

    def _step(self, batch: Batch) -> dict[str, float]:
        self._set_learning_rates()
        for player in self.task.players.values():
            player.network.train()
        batch = {name: self.fabric.to_device(value) for name, value in batch.items()}
        terms = self.task.step(batch, self.position, self.share_done())
        wrong = [name for name, value in terms.items() if not math.isfinite(value)]
        if wrong and self.settings.precision != "16-mixed":  # which leaves such steps out
            raise diverged(f"“{wrong[0]}” is no longer a number at step {self.position.step + 1}")
        if self.average is not None:
            self.average.update(self.position.step)
        self.position.step += 1
        return terms

    def _set_learning_rates(self) -> None:
        settings = self.settings
        factor = min(1.0, (self.position.step + 1) / settings.warmup_steps)
        least = 0.0 if self.position.step < settings.warmup_steps else settings.least_learning_rate
        match settings.schedule:
            case "linear":
                factor, least = factor * max(0.02, 1 - self.share_done()), 0.0
            case "epochs":
                factor *= settings.decay ** (self.position.epoch // settings.decay_epochs)
            case "plateau":
                factor *= settings.decay**self.position.reductions
            case "constant":
                pass
        for player in self.task.players.values():
            player.scale_learning_rate(factor, least)

    def _epoch_ended(self, terms: dict[str, float], tracker: Tracker | None) -> None:
        if not self.settings.validate_every:
            self._validated(terms, tracker)
        every = self.settings.sample_epochs
        if every and self.position.epoch % every == 0 and self.fabric.is_global_zero:
            with self._quietly(), self._weight_sets()[-1][1]():
                self.task.main.network.eval()
                self.task.sample(self.folder / "samples" / f"epoch-{self.position.epoch:04d}")

    def _weight_sets(self) -> list[tuple[str, Callable[[], AbstractContextManager[None]]]]:
        """Which weights may be the best: the fast ones, and what follows them more slowly."""
        if self.average is not None:
            return [("average", self.average.inside)]
        if self.settings.lookahead_steps:
            return [("fast", _as_they_are), ("slow", self.task.main.slow_weights)]
        return [("fast", _as_they_are)]

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Inside, no random number is used up that the training would have drawn."""
        cuda = [self.fabric.device] if self.fabric.device.type == "cuda" else []
        noise = self.task.noise.get_state()
        with torch.random.fork_rng(devices=cuda), torch.no_grad():
            yield
        self.task.noise.set_state(noise)

    def validate(self) -> dict[str, float]:
        """Mean terms on held-out batches, of the weights that the stage would hand on."""
        with self._weight_sets()[-1][1]():
            return self._validate()

    def _validate(self) -> dict[str, float]:
        for player in self.task.players.values():
            player.network.eval()
        sums: dict[str, float] = {}
        count = 0
        with self._quietly(), self.task.judging():
            torch.manual_seed(self.settings.seed)
            for batch in self.validation.epoch(0, shuffle=False):
                held_out = {name: self.fabric.to_device(value) for name, value in batch.items()}
                for name, value in self.task.losses(held_out).items():
                    sums[name] = sums.get(name, 0.0) + float(value)
                count += 1
                if count == self.settings.validation_batches:
                    break
        return {**{name: value / max(1, count) for name, value in sums.items()}, **self.task.judgement()}

    def _validated(self, terms: dict[str, float], tracker: Tracker | None) -> None:
        """Validates each set of weights, keeps the best there ever was, and logs."""
        position = self.position
        results: dict[str, dict[str, float]] = {}
        for name, inside in self._weight_sets():
            with inside():
                results[name] = found = self._validate()
                # Each device judges the same batches, but not to the last bit: the first one decides.
                score = self.fabric.broadcast(self.task.score(found))
                if score < position.best and position.best_step != position.step:
                    position.best, position.best_step, position.waiting = score, position.step, -1
                    self._save_best(name)
                elif score < position.best:
                    position.best = score
                    self._save_best(name)
        position.waiting += 1
        position.since_reduction = 0 if position.waiting == 0 else position.since_reduction + 1
        if position.since_reduction > self.settings.patience:
            position.reductions, position.since_reduction = position.reductions + 1, 0
        chosen = min(results.values(), key=self.task.score)
        row = {"step": position.step, "seconds": position.seconds, **terms}
        row |= {f"val_{name}": value for name, value in chosen.items()}
        position.history.append(row)
        if tracker is not None:
            tracker.validation(position.step, row)

    def _save_best(self, weight_set: str) -> None:
        if not self.fabric.is_global_zero:
            return
        state = {name: v.detach().cpu() for name, v in self.task.main.network.state_dict().items()}
        position = self.position
        checkpoints.save_atomically(
            {"weights": state, "score": position.best, "step": position.step, "set": weight_set}, self.best
        )

    def _save(self) -> None:
        checkpoints.save_checkpoint(self.checkpoint, self.task, self.position, self.average, self.fabric)
        gathered(self.fabric, True)  # nobody goes on, or ends, before the file is there


@contextmanager
def _as_they_are() -> Iterator[None]:
    yield
