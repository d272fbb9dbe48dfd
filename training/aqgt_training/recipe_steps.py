# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes beside the results of a recipe: what each is of, so that none is made twice, or taken for another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from aqgt.errors import AqgtError
from aqgt.speech.file_hashes import file_sha256
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.stages.core.checkpoints import CHECKPOINT
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.core.network_files import CONFIG as NETWORK
from aqgt_training.stages.core.settings import StageSettings

_MAY_CHANGE = {
    "inputs", "minutes", "max_steps", "epochs", "log_every", "checkpoint_minutes", "checkpoint_steps",
    "sample_epochs", "wandb",
}  # fmt: skip
"""Settings of a stage that a training may go on with when they have changed."""


@dataclass(frozen=True)
class RecipeSteps:
    """The steps of one recipe in the folder ``work``."""

    work: Path
    console: Console

    def made(self, name: str, result: Path, settings: str, make: Callable[[bool], object]) -> Path:
        """The result of a step: made, unless it is there from the same settings.

        Args:
            name: for the console.
            result: its file or folder, below the recipe's.
            settings: text that changes whenever the result would.
            make: gets whether a run with the same settings was begun and did not end.
        """
        place = Path(result.relative_to(self.work).parts[0]).stem
        done, begun = self.work / f"{place}.done", self.work / f"{place}.begun"
        wanted = _digest(settings)
        if result.exists() and _says(done, wanted):
            self.console.print(f"[bold]{name}[/bold]: already there")
            return result
        self.console.print(f"[bold]{name}[/bold]")
        goes_on = _says(begun, wanted)
        done.unlink(missing_ok=True)
        begun.write_text(wanted)
        make(goes_on)
        done.write_text(wanted)
        begun.unlink(missing_ok=True)
        return result

    def claim(self, name: str, settings: StageSettings, inputs: Inputs, more: str = "") -> None:
        """Notes what a training is of; how long it runs may change later.

        Raises:
            AqgtError: the folder holds a training of something else, which would be gone on with.
        """
        networks = (inputs.pose_vq, inputs.audio_vq, inputs.annotation, inputs.extractor)
        parts = [settings.model_dump_json(exclude_defaults=True, exclude=_MAY_CHANGE), more]
        parts += [(folder / NETWORK).read_text() for folder in networks if folder is not None]
        if inputs.corpus is not None:
            parts.append(str(ClipReader(inputs.corpus).manifest.get("sha256")))
        if inputs.word_vectors is not None:
            parts.append(file_sha256(inputs.word_vectors))
        note, wanted = self.work / f"{name}.training", _digest("\n".join(parts))
        folder = self.work / name
        if (folder / CHECKPOINT).exists() and note.is_file() and not _says(note, wanted):
            raise AqgtError(
                f"The training in “{folder}” was begun with another corpus or other settings.",
                "Delete that folder to train anew, restore what was changed, or give another --output.",
                "other-training",
            )
        note.write_text(wanted)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _says(note: Path, text: str) -> bool:
    return note.is_file() and note.read_text() == text
