# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the published files lie: in the original's folder tree, or one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path

from aqgt.errors import AqgtError

VARIANTS = ("aqgt-a", "aqgt")
"""The published generators: trained with annotations, and without."""


@dataclass(frozen=True)
class Sources:
    """Files and folders a model is imported from; None for what is not given.

    Attributes:
        generator: the checkpoint with generator and discriminator.
        audio_vq: the sound's VQ-VAE, which generating needs.
        pose_vq: the poses' VQ-VAE as it was before the generator's training moved its codebooks.
        annotation: the annotation network as it was published alone.
        autoencoder: the gesture autoencoder of the Fréchet gesture distance.
        means: mean pose and mean directions (``means.p``).
        speakers: the vocabulary of speakers; the checkpoint's own where it is not given.
        wav2vec2: folder of the speech recogniser.
        bert: folder of the language model.
    """

    generator: Path | None = None
    audio_vq: Path | None = None
    pose_vq: Path | None = None
    annotation: Path | None = None
    autoencoder: Path | None = None
    means: Path | None = None
    speakers: Path | None = None
    wav2vec2: Path | None = None
    bert: Path | None = None

    def given(self) -> dict[str, Path]:
        """Only what is given, by name."""
        return {
            field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None
        }

    def over(self, other: Sources) -> Sources:
        """These, and from the other what is not among these."""
        return replace(other, **self.given())


_TREE = {
    "audio_vq": ("pretrained/vqvae_audio/vqvae_audio.ckpt",),
    "pose_vq": ("pretrained/pose_vq/pose_vq.bin",),
    "annotation": ("pretrained/annotation_model/annotation_model.bin",),
    "autoencoder": ("pretrained/gesture_autoencoder_checkpoint_best.bin",),
    "means": ("means.p",),
    "speakers": ("combined_vocab/dataset_train_speaker_model.pkl",),
    "wav2vec2": ("wav2vec2-base-960h", "wav2vec2", "pretrained/wav2vec2-base-960h", "pretrained/wav2vec2"),
    "bert": ("bert-base-uncased", "bert", "pretrained/bert-base-uncased", "pretrained/bert"),
}
_GENERATORS = {
    "aqgt": "pretrained/aqgt_checkpoint.ckpt",
    "aqgt-a": "pretrained/aqgt-a_checkpoint.ckpt",
}


def find_sources(root: Path, variant: str) -> Sources:
    """What of a published model lies in the original's folder tree.

    Files that lie in ``root`` itself, without the tree, are found as well.

    Args:
        root: the folder that holds ``pretrained`` and ``means.p``.
        variant: one of `VARIANTS`.

    Raises:
        AqgtError: there is no such variant or folder, or nothing in it is where it should be.
    """
    check_variant(variant)
    if not root.is_dir():
        raise AqgtError(
            f"There is no folder “{root}”.",
            "Name the folder that holds “pretrained” and “means.p”.",
            "no-file",
        )
    places = {**_TREE, "generator": (_GENERATORS[variant],)}
    found = {
        name: path
        for name, candidates in places.items()
        if (path := _first(root, (*candidates, *(Path(place).name for place in candidates)))) is not None
    }
    if not found:
        raise AqgtError(
            f"The folder “{root}” holds none of the published files.",
            f"It should hold {_GENERATORS[variant]}, means.p and the like; or name single files by option.",
            "no-file",
        )
    return Sources(**found)


def _first(root: Path, places: Iterable[str]) -> Path | None:
    return next((root / place for place in places if (root / place).exists()), None)


def check_variant(variant: str) -> None:
    """Refuses what is none of `VARIANTS`."""
    if variant not in VARIANTS:
        raise AqgtError(
            f"There is no variant “{variant}”.", f"Use one of: {', '.join(VARIANTS)}.", "bad-choice"
        )


def variant_in(root: Path | None, name: str) -> str:
    """Which generator is meant where none is named: by the model's name, else by what is there."""
    if name in VARIANTS or root is None:
        return name if name in VARIANTS else VARIANTS[0]
    places = {variant: (_GENERATORS[variant], Path(_GENERATORS[variant]).name) for variant in VARIANTS}
    return next((variant for variant in VARIANTS if _first(root, places[variant]) is not None), VARIANTS[0])
