# SPDX-License-Identifier: GPL-3.0-or-later
"""The review page: every video and stretch with thumbnails, figures and reasons, to keep or drop by hand.

The page is one file that works from the disk, without a server: it holds its data, links to the thumbnails
beside it, and saves the decisions as a download that `corpus video --decisions` reads.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aqgt.words import sentence
from aqgt_training.corpora.video.building import ClipVerdict, VideoVerdict
from aqgt_training.corpora.video.config import FPS
from aqgt_training.corpora.video.tracking import THUMBNAILS

PAGE = "review.html"
MOST_THUMBNAILS = 8
_PLACE = "/*data*/null"


def write_review(output: Path, source: Path, verdicts: Sequence[VideoVerdict]) -> Path:
    """Write the page into the corpus's folder; returns its path."""
    data = {
        "source": str(source),
        "corpus": str(output.resolve()),
        "videos": [_video(verdict, output) for verdict in verdicts],
    }
    # "<" would end the script element if a name held "</script>".
    text = json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    template = files("aqgt_training.corpora.video").joinpath("review_template.html").read_text("utf-8")
    page = output / PAGE
    page.write_text(template.replace(_PLACE, text), encoding="utf-8")
    return page


def _video(verdict: VideoVerdict, output: Path) -> dict[str, Any]:
    facts = verdict.facts
    size = f"{facts['width']} × {facts['height']}, {facts['fps']:.2f} fps" if facts else ""
    return {
        "name": verdict.name,
        "link": _link(verdict.path, output),
        "size": size,
        "problem": verdict.problem,
        "notes": list(verdict.notes),
        "clips": [_clip(clip, verdict, output) for clip in verdict.clips],
    }


def _clip(clip: ClipVerdict, verdict: VideoVerdict, output: Path) -> dict[str, Any]:
    stretch = clip.stretch
    step = int(verdict.facts["thumbnail_step"])
    frames = list(range(-(-stretch.start // step) * step, stretch.end, step))
    frames = frames or [stretch.start // step * step]
    shown = frames[:: max(1, math.ceil(len(frames) / MOST_THUMBNAILS))]
    return {
        "name": clip.name,
        "start": stretch.start / FPS,
        "end": stretch.end / FPS,
        "possible": clip.possible,
        "passes": clip.possible and not stretch.reasons,
        "decision": clip.by_hand,
        "reasons": list(stretch.reasons.values()),
        "figures": {key: round(value, 3) for key, value in stretch.figures.items()},
        "words": sentence(clip.words),
        "thumbnails": [_link(verdict.folder / THUMBNAILS / f"{frame:07d}.jpg", output) for frame in shown],
    }


def _link(path: Path, output: Path) -> str:
    """The address of a file as seen from the page."""
    try:
        relative = os.path.relpath(path.resolve(), output.resolve())
    except ValueError:  # another drive
        return path.resolve().as_uri()
    return quote(Path(relative).as_posix())
