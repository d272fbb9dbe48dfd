# SPDX-License-Identifier: GPL-3.0-or-later
"""Which split a clip belongs to: all clips of a video to one, told by the video's name and a seed alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from aqgt.errors import AqgtError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class SplitRule:
    """How clips are shared out.

    Attributes:
        shares: split → share of the videos, to split a corpus anew; empty: the clips' own splits count.
        val_from_train: share of the training videos that become validation.
        seed: the same seed and name give the same split, whatever else the corpus holds.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    val_from_train: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        total = sum(self.shares.values())
        known = all(name in SPLITS and share >= 0 for name, share in self.shares.items())
        if not known or (self.shares and abs(total - 1) > 1e-6) or not 0 <= self.val_from_train < 1:
            raise AqgtError(
                f"The shares {dict(self.shares)} and {self.val_from_train} split nothing.",
                "Give train, val and test shares that add up to 1, and a val_from_train below 1.",
                "bad-usage",
            )

    def split_of(self, video: str, own: str) -> str:
        """The split of a video's clips; ``own`` is what the corpus says."""
        split = own
        if self.shares:
            draw, upper = self._draw("split", video), 0.0
            for name in SPLITS:
                upper += self.shares.get(name, 0.0)
                if draw < upper:
                    split = name
                    break
        if split == "train" and self._draw("val", video) < self.val_from_train:
            return "val"
        return split

    def _draw(self, purpose: str, video: str) -> float:
        digest = hashlib.sha256(f"{purpose}\0{self.seed}\0{video}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64
