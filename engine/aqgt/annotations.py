# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of a clip: spans of labels over seconds, and the matrix of 17 channels that the network reads.

The parts live in `aqgt.annotation_channels` (channels and labels), `aqgt.annotation_spans` and
`aqgt.annotation_track` (from spans to the matrix); this is the module to import from.
"""

from __future__ import annotations

from aqgt.annotation_channels import (
    CHANNEL_BY_KEY,
    CHANNELS,
    EMBEDDING_SIZES,
    FAMILIES,
    N_CHANNELS,
    NOTHING,
    SIDED_FAMILIES,
    UNKNOWN,
    Channel,
    Label,
    canonical,
)
from aqgt.annotation_spans import HANDS, SPEECH_KEYS, Span
from aqgt.annotation_track import (
    LONGEST_OPEN_SPAN,
    PREPARATION,
    RETRACTION,
    STROKE,
    AnnotationTrack,
    HandGesture,
    hand_gestures,
    smooth_occurrence,
    spans_to_track,
)

__all__ = [
    "CHANNELS", "CHANNEL_BY_KEY", "EMBEDDING_SIZES", "FAMILIES", "N_CHANNELS", "SIDED_FAMILIES",
    "NOTHING", "UNKNOWN", "Channel", "Label", "canonical",
    "HANDS", "SPEECH_KEYS", "Span",
    "PREPARATION", "STROKE", "RETRACTION", "LONGEST_OPEN_SPAN",
    "AnnotationTrack", "HandGesture", "hand_gestures", "smooth_occurrence", "spans_to_track",
]  # fmt: skip
