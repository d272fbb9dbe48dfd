# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that a user reads: one sentence that says what is wrong, one that says what to do next."""

from __future__ import annotations


class AqgtError(Exception):
    """A problem the user can act on.

    Attributes:
        sentence: what is wrong, as a full sentence.
        next_step: what to do about it, as a full sentence (may be empty).
        code: short stable identifier for programs, e.g. ``"empty-audio"``.
    """

    def __init__(self, sentence: str, next_step: str = "", code: str = "error") -> None:
        super().__init__(f"{sentence} {next_step}".strip())
        self.sentence = sentence
        self.next_step = next_step
        self.code = code
