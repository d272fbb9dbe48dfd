# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stage reads: a corpus, a model's config, and what earlier stages made."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from aqgt.errors import AqgtError
from aqgt.settings import Settings


class Inputs(Settings):
    """Files and folders; in a config they start at the config's own folder."""

    corpus: Path | None = None
    """Folder of a clip corpus."""
    shards: tuple[str, ...] = ()
    """Folders or URLs of shards, instead of the corpus."""
    shard_weights: tuple[float, ...] = ()
    """How often each of the shards' folders is drawn from; none: as often as it has windows."""
    shard_workers: int = Field(0, ge=0)
    """Processes that read shards ahead; 0: the training reads itself. The windows' order depends on it."""
    model: Path | None = None
    """Model config: a file such as configs/models/compact.yaml."""
    word_vectors: Path | None = None
    """safetensors, or a fastText .bin where the model's config says so."""
    pose_vq: Path | None = None
    """Output folder of the stage pose-vq."""
    audio_vq: Path | None = None
    """Output folder of the stage audio-vq."""
    annotation: Path | None = None
    """Output folder of the stage annotation."""
    extractor: Path | None = None
    """Output folder of the stage autoencoder: the best weights are then those of the lowest FGD."""
    init_from: str | None = None
    """Name or folder of a model to fine-tune."""
    encoders: Path | None = None
    """Folder with ``wav2vec2`` and ``bert`` for published networks; none: what the model's config names."""
    samples: int = Field(1, ge=0)
    """Held-out clips that sample videos are made of."""

    def needed(self, name: str) -> Path:
        """A path that the stage can't do without.

        Raises:
            AqgtError: it was not given.
        """
        path = getattr(self, name)
        if path is None:
            option = name.replace("_", "-")
            raise AqgtError(
                f"The stage needs inputs.{name}, which its config does not name.",
                f"Write it into the config's section “inputs”, or give --{option} PATH.",
                "no-input",
            )
        return path

    def from_folder(self, folder: Path) -> Inputs:
        """With relative paths taken from a folder."""
        paths = {
            name: folder / value
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), Path)
        }
        shards = tuple(each if "://" in each else str(folder / each) for each in self.shards)
        init = self.init_from
        if init is not None and ("/" in init or "\\" in init):
            init = str(folder / init)
        return self.model_copy(update={**paths, "shards": shards, "init_from": init})
