# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of an imported model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aqgt.models.config import ModelConfig

_PAPERS = (
    "- H. Voß and S. Kopp. *AQ-GT: a Temporally Aligned and Quantized GRU-Transformer for Co-Speech Gesture"
    " Synthesis.* 2023. arXiv:2305.01241.\n"
    "- H. Voß and S. Kopp. *Augmented Co-Speech Gesture Generation: Including Form and Meaning Features to"
    " Guide Learning-Based Gesture Synthesis.* 2023. arXiv:2307.09597.\n"
)
_TRAINED_ON = {
    "aqgt": "The authors trained it on the AQ-GT corpus (videos), without annotations.",
    "aqgt-a": "The authors trained it on the AQ-GT corpus (videos) and on the annotated SaGA corpus.",
}


def card_text(variant: str, config: ModelConfig, sources: Mapping[str, Path]) -> str:
    """Markdown: what the model is, whose it is, what it may be used for, and what it was imported from."""
    files = "\n".join(f"- {part}: {path.name}" for part, path in sources.items())
    return f"""# {config.title}

The network of H. Voß and S. Kopp (Bielefeld University) with their own weights, imported from their files.
{_TRAINED_ON[variant]}

- Licence of the weights: {config.licence}; commercial use: **no**.
- {config.speaker.count:,} speakers; {config.fps:g} frames per second; windows of {config.window} frames.
- Its transformers amplify rounding: on another processor the motion may differ visibly.

Cite:

{_PAPERS}
## Imported from

{files}

`hashes.json` holds the checksums of these files and of this model's own.
"""
