# SPDX-License-Identifier: GPL-3.0-or-later
"""Generation: a request with sound, words and annotations becomes motion."""

from aqgt.generation.generate import generate, generate_many
from aqgt.generation.loop import Cancelled

__all__ = ["Cancelled", "generate", "generate_many"]
