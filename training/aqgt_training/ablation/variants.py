# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be left out of a recipe, or chosen otherwise: each variant is one change of the base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aqgt.models.config import ModelConfig
from aqgt.settings import check_settings

BASE = "base"
OTHER_SEEDS = ("another seed", "a third seed")
_WIDTHS = (
    "sound.mel_width", "sound.beat_width", "text.width", "seed.frame_width", "seed.clip_width",
    "annotation.channel_width", "annotation.width", "annotation.form_width", "backbone.hidden",
    "backbone.transformer_1.feed_forward", "backbone.transformer_2.feed_forward", "aligner.hidden",
    "aligner.code_width", "pose_head.hidden",
)  # fmt: skip
_NOTHING_HIDDEN = {
    f"annotation_dropout.{name}": 0.0 for name in ("everything", "phases", "form", "channel", "gesture_forms")
}


@dataclass(frozen=True)
class Variant:
    """One training.

    Attributes:
        name: short, for the table and the command line.
        about: what differs from the base, in a few words.
        stage: changes of the generator's stage, by dotted key.
        model: changes of the model's config, by dotted key.
        width: factor on the widths of all layers.
        corpus: changes of the composed training corpus, by dotted key; held-out clips stay the base's.
        share: of the base's hours of training clips.
    """

    name: str
    about: str
    stage: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    width: float = 1.0
    corpus: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0

    @property
    def own_corpus(self) -> bool:
        """Whether it is trained on another corpus than the base."""
        return bool(self.corpus) or self.share != 1.0

    def config(self, base: ModelConfig) -> ModelConfig:
        """The base's config with this variant's changes.

        Raises:
            AqgtError: a change is not allowed.
        """
        values = base.model_dump()
        for key in _WIDTHS if self.width != 1.0 else ():
            section, name = _place(values, key)
            section[name] = max(8, round(section[name] * self.width / 8) * 8)
        return check_settings(changed(values, self.model), ModelConfig, f"variant “{self.name}”")


VARIANTS = (
    Variant(BASE, "the recipe"),
    *(Variant(name, "what chance does", stage={"seed": seed}) for seed, name in enumerate(OTHER_SEEDS, 2)),
    Variant("late discriminator", "GAN for the last 40 %", stage={"adversarial_from": 0.6}),
    Variant("no finger angles", "no loss of hand shapes", stage={"losses.finger_angles": 0.0}),
    Variant("no wrist distances", "no loss of sizes", stage={"losses.wrist_distances": 0.0}),
    Variant(
        "neither",
        "no loss of hand shapes or sizes",
        stage={"losses.finger_angles": 0.0, "losses.wrist_distances": 0.0},
    ),
    Variant("half width", "all layers half as wide", width=0.5),
    Variant("vq", "pose head through a pose VQ of affine layers", model={"pose_head.kind": "mlp_vq"}),
    Variant("quarter corpus", "a quarter of the hours", share=0.25),
    Variant("no seed noise", "seed frames as recorded", stage={"seed_noise": 0.0}),
    Variant(
        "no derivative losses",
        "no loss of velocity, acceleration and wrist velocity",
        stage={"losses.velocity": 0.0, "losses.acceleration": 0.0, "losses.wrist_velocity": 0.0},
    ),
    Variant("nothing hidden", "no annotation dropout", stage=_NOTHING_HIDDEN),
    Variant(
        "no gesture forms",
        "the model knows no forms",
        model={"annotation.forms": (), "annotation.form_width": 0},
    ),
    Variant("discriminator at once", "GAN from the first step", stage={"adversarial_from": 0.0}),
    Variant("no wrist velocity loss", "that loss alone left out", stage={"losses.wrist_velocity": 0.0}),
    Variant(
        "sound rules off",
        "motion of the training corpus follows no sound, but for the annotations",
        corpus={"sound.size": 0.0, "sound.sharpness": 0.0, "sound.accents": 0.0, "sound.nods": 0.0},
    ),
    Variant("recorded hand shapes", "gestures keep their own fingers", corpus={"other_hands": 0.0}),
    Variant("recorded sizes", "gestures keep their own size", corpus={"fit_extent": False}),
    Variant("wider", "all layers 1.5 times as wide", width=1.5),
    Variant("one speaker", "one voice, rest pose and style", corpus={"speakers": 1}),
)


def changed(values: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The same nested values with some replaced, by dotted key."""
    for key, value in changes.items():
        section, name = _place(values, key)
        section[name] = value
    return values


def _place(values: dict[str, Any], key: str) -> tuple[dict[str, Any], str]:
    *sections, last = key.split(".")
    for section in sections:
        values = values[section]
    return values, last
