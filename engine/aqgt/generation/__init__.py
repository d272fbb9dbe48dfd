# SPDX-License-Identifier: GPL-3.0-or-later
"""Generation: a request with sound, words and annotations becomes motion."""

from aqgt.generation.generate import Cancelled, generate

__all__ = ["Cancelled", "generate"]
