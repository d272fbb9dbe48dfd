# SPDX-License-Identifier: GPL-3.0-or-later
"""What each choice of the default model's recipe is worth: short trainings alike but for one thing each.

    AQGT_SOURCES=sources OMP_NUM_THREADS=1 python benchmarks/recipe_ablations.py --work runs/ablations

Run again with the same folder, it goes on. The figures go to ``ablations.json`` (for `aqgt-train card
--ablation`), the table to ``ablations.md``, after each variant. docs/training.md says how to read it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch

from aqgt.resources import data_path
from aqgt_training.ablation.running import TABLE, Ablations, Sizes
from aqgt_training.ablation.variants import VARIANTS


def main() -> None:
    """Trains and measures the variants in their order."""
    usual, names = Sizes(), [variant.name for variant in VARIANTS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--recipe", default="compact", help="name of a recipe that composes its corpus")
    parser.add_argument("--variants", nargs="*", choices=names, default=names, metavar="NAME",
                        help=f"which, of: {', '.join(names)}")  # fmt: skip
    parser.add_argument("--hours", type=float, help="of the corpus, instead of the recipe's")
    parser.add_argument("--val-minutes", type=float, help="held-out minutes, instead of the recipe's")
    parser.add_argument("--steps", type=int, default=usual.steps)
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument(
        "--vq-steps", type=int, default=usual.vq_steps, help="steps of the variant vq's pose VQ"
    )
    parser.add_argument("--clips", type=int, default=usual.clips, help="held-out clips to generate")
    parser.add_argument("--controlled", type=int, default=usual.controlled, help="of them for typed gestures")
    parser.add_argument("--corpus", type=Path, help="the recipe's corpus, composed before")
    parser.add_argument("--word-vectors", type=Path, help="the recipe's words.safetensors")
    parser.add_argument("--extractor", type=Path, help="output of `aqgt-train stage autoencoder`")
    parser.add_argument("--collect", action="store_true", help="only write the tables of what is finished")
    chosen = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    sizes = Sizes(
        chosen.hours, chosen.val_minutes, chosen.steps, chosen.batch, chosen.vq_steps, chosen.clips,
        chosen.controlled,
    )  # fmt: skip
    ablations = Ablations(
        data_path("configs", "recipes", f"{chosen.recipe}.yaml"),
        chosen.work,
        sizes,
        corpus=chosen.corpus,
        words=chosen.word_vectors,
        extractor=chosen.extractor,
    )
    variants = [variant for variant in VARIANTS if variant.name in chosen.variants]
    (ablations.collect if chosen.collect else ablations.run)(variants)
    print((chosen.work / TABLE).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
