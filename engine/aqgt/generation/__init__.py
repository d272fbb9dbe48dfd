# SPDX-License-Identifier: GPL-3.0-or-later
"""Generation: a request with sound, words and annotations becomes motion."""

from aqgt.generation.generate import generate, generate_many, open_jobs, result_of
from aqgt.generation.job import Job
from aqgt.generation.live import LiveMotion
from aqgt.generation.loop import Cancelled, run_windows

__all__ = [
    "Cancelled",
    "Job",
    "LiveMotion",
    "generate",
    "generate_many",
    "open_jobs",
    "result_of",
    "run_windows",
]
