# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of jobs, each a module with ``run(job, progress)``.

``job`` is the JSON object that `aqgt.studio.blender.run_job` was given; ``progress(share, text)`` may be
called as often as one likes; the returned mapping is what `run_job` returns, so it holds JSON values alone.
Problems are raised as `AqgtError`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from aqgt.errors import AqgtError

Progress = Callable[[float, str], None]

KINDS = {
    "about": "about",
    "apply": "apply",
    "export": "export",
    "retarget": "retarget",
    "render": "render",
}
"""Name of the kind to its module in this folder."""


def run(job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Do a job.

    Raises:
        AqgtError: the kind is unknown, or what the job's own module raises.
    """
    kind = str(job.get("kind"))
    if kind not in KINDS:
        raise AqgtError(
            f"The extension knows no job “{kind}”.", f"It knows {', '.join(KINDS)}.", "unknown-kind"
        )
    module = importlib.import_module(f".{KINDS[kind]}", __package__)
    result: dict[str, Any] = module.run(job, progress)
    return result
