# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the recorded hands that a model's fingers are drawn towards, from its training clips."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from aqgt.annotations import CHANNEL_BY_KEY, HANDS
from aqgt.models.hand_table import HandTable
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.corpora.form_names import form_rows
from aqgt_training.corpora.limbs import take_arm
from aqgt_training.evaluation.gestures import AskedGesture, asked_gestures

_PER_LABEL = 8
"""Recorded hands of each shape, and of each shape in a form."""
_FEWEST = 5
"""Strokes below which a form, or a shape in it, has no hands of its own."""


def collect_hand_table(corpus: Path, forms: Sequence[str]) -> HandTable:
    """The hands at the arrival of all strokes in a corpus' training split, a few for each label.

    For each hand shape, each form, and each shape in a form those strokes are taken that are nearest to the
    centres of a k-means over all of it, so that every hand of the table was recorded as it stands.

    Args:
        corpus: folder of a clip corpus.
        forms: of the model, in its order.

    Raises:
        AqgtError: there is no corpus in the folder.
    """
    strokes: defaultdict[tuple[int, int], list[NDArray]] = defaultdict(list)
    with ClipReader(corpus) as reader:
        names = [name for name in reader.names if reader.split_of(name) == "train"]
        for name in track(names, "recorded hands", transient=True):
            for shape, form, fingers in _strokes(reader[name], forms):
                for key in {(shape, 0), (0, form), (shape, form)} - {(0, 0)}:
                    strokes[key].append(fingers)
    rows = [
        (fingers, shape, form)
        for (shape, form), found in sorted(strokes.items())
        if form == 0 or len(found) >= _FEWEST
        for fingers in _typical(np.stack(found))
    ]
    return HandTable(
        np.array([fingers for fingers, _, _ in rows], np.float32).reshape(-1, 21, 3),
        np.array([shape for _, shape, _ in rows], np.int64),
        np.array([form for _, _, form in rows], np.int64),
    )


def _strokes(clip: ClipRecord, forms: Sequence[str]) -> Iterator[tuple[int, int, NDArray]]:
    """Hand shape and form (0: unknown) and fingers `[21, 3]`, as a left hand's, of a clip's strokes."""
    values = clip.track().values
    asked = asked_gestures(values)
    if not asked:
        return
    motion, rows = clip.motion(), form_rows(clip, values, tuple(forms))
    mirrored = motion.mirrored()
    fingers = {
        "left": take_arm(motion.directions(), "left").fingers,
        "right": take_arm(mirrored.directions(), "left").fingers,
    }
    for gesture in asked:
        shape = _shape(gesture)
        form = max(int(rows[HANDS.index(gesture.side), gesture.stroke]), 0)
        around = fingers[gesture.side][max(gesture.arrival - 1, 0) : gesture.arrival + 2]
        if (shape or form) and len(around):
            mean = around.mean(axis=0)
            yield shape, form, mean / np.linalg.norm(mean, axis=-1, keepdims=True)


def _shape(gesture: AskedGesture) -> int:
    label = gesture.labels.get("shape")
    return 0 if label is None else int(CHANNEL_BY_KEY[f"shape_{gesture.side}"].value_of(label))


def _typical(hands: NDArray) -> NDArray:
    """At most so many of `[N, 21, 3]` that stand for all of them."""
    from sklearn.cluster import KMeans

    flat = hands.reshape(len(hands), -1)
    n = min(_PER_LABEL, len(np.unique(flat.round(3), axis=0)))
    centres = KMeans(n, random_state=0, n_init=3).fit(flat).cluster_centers_
    nearest = sorted({int(((flat - centre) ** 2).sum(axis=1).argmin()) for centre in centres})
    return hands[nearest]
