# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training leaves to look at: JSON lines, TensorBoard, Weights & Biases, a picture of its curves."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError
from aqgt.formats.files import write_bytes
from aqgt_training.stages.core.settings import WandbSettings

LOG, CURVE, PICTURE, RUN_ID = "log.jsonl", "curve.jsonl", "curves.png", "wandb-run.txt"


class Tracker:
    """Logs of one training, written by its first process.

    Args:
        folder: of the training.
        step: where it goes on; entries of later steps, which a killed run left, are dropped.
        wandb: also log there.
        config: the settings, for Weights & Biases.
    """

    def __init__(
        self, folder: Path, step: int, wandb: WandbSettings | None = None, config: Mapping[str, Any] = {}
    ) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.folder = folder
        for name in (LOG, CURVE):
            _keep_until(folder / name, step)
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)
        self._wandb = None if wandb is None else _wandb_run(wandb, folder, config)

    def training(self, step: int, terms: Mapping[str, float]) -> None:
        """Terms of one step."""
        self._write(CURVE, {"step": step, **terms})
        self._send(step, {f"train/{name}": value for name, value in terms.items()})

    def validation(self, step: int, row: Mapping[str, Any]) -> None:
        """A row of a validation."""
        self._write(LOG, row)
        held_out = {name: v for name, v in row.items() if name.startswith("val_") and isinstance(v, float)}
        self._send(step, {f"val/{name.removeprefix('val_')}": value for name, value in held_out.items()})

    def close(self, history: list[dict[str, Any]]) -> None:
        """Ends the logs and draws the curves."""
        self._board.close()
        if self._wandb is not None:
            self._wandb.finish()
        draw_curves(self.folder, history)

    def _write(self, name: str, row: Mapping[str, Any]) -> None:
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _send(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._board.add_scalar(name, value, step)
        if self._wandb is not None:
            self._wandb.log(dict(values), step=step)


def draw_curves(folder: Path, history: list[dict[str, Any]]) -> None:
    """A picture of the training's and the held-out loss over the steps."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    rows = [row for line in _lines(folder / CURVE) if "total" in (row := json.loads(line))]
    axes.plot([row["step"] for row in rows], [row["total"] for row in rows], lw=0.8, label="training")
    axes.plot(
        [row["step"] for row in history], [row["val_total"] for row in history], marker=".", label="held out"
    )
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.legend()
    unfinished = folder / f"part-{PICTURE}"
    figure.savefig(unfinished, dpi=120)
    pyplot.close(figure)
    unfinished.replace(folder / PICTURE)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _keep_until(path: Path, step: int) -> None:
    kept = []
    for line in _lines(path):
        try:
            row = json.loads(line)
        except ValueError:  # the last line of a run that was killed while writing it
            continue
        if row["step"] <= step:
            kept.append(line + "\n")
    if path.is_file():
        write_bytes(path, "".join(kept).encode())


def _wandb_run(settings: WandbSettings, folder: Path, config: Mapping[str, Any]) -> Any:
    try:
        import wandb
    except ImportError as problem:
        raise AqgtError(
            "The config asks for Weights & Biases, and the package wandb is not installed.",
            "Install it by: pip install wandb; or take the section “wandb” out of the config.",
            "no-wandb",
        ) from problem
    try:
        if settings.key is not None and settings.mode == "online":  # the key is checked over the network
            wandb.login(key=settings.key)
        return wandb.init(
            project=settings.project,
            name=settings.name,
            mode=settings.mode,
            dir=str(folder),
            config=dict(config),
            id=_run_id(folder),
            resume="allow",
        )
    except Exception as problem:  # of wandb's own, of its service, of the network
        raise AqgtError(
            f"Weights & Biases can't be used: {problem}",
            "Check the key and the network, set the section's “mode: offline”, or take the section out.",
            "no-wandb",
        ) from problem


def _run_id(folder: Path) -> str:
    """The name of the run, drawn once for each output folder, so that a resumed training is the same run."""
    path = folder / RUN_ID
    if not path.is_file():
        write_bytes(path, f"{uuid.uuid4().hex[:12]}\n".encode())
    return path.read_text(encoding="utf-8").strip()
