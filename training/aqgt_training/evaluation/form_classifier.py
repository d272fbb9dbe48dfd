# SPDX-License-Identifier: GPL-3.0-or-later
"""Can a reader tell what was asked for from the motion? Classifiers of recorded strokes.

Of gesture types (phrase), hand shapes, gesture forms, and lexemes: the kinds of gesture that forms belong to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.annotations import HANDS
from aqgt.errors import AqgtError
from aqgt.gesture_forms import gesture_forms
from aqgt.motion import Motion
from aqgt.retarget.curves import unit
from aqgt_training.corpora.limbs import take_arm
from aqgt_training.evaluation import motion_statistics as statistics
from aqgt_training.evaluation.control import resting_wrist
from aqgt_training.evaluation.gestures import AskedGesture, asked_gestures

Floats = NDArray[np.float64]

FAMILIES = ("phrase", "shape", "form", "lexeme")
_LEAST_EXAMPLES = 5
_PATH_POINTS = 8
_PALM_MOMENTS = 5
_BONES = 63
"""Numbers of `_fingers` that are bones; what follows says how straight and how far apart fingers are."""
_FOLDS = 4


@dataclass(frozen=True)
class Strokes:
    """Strokes of some clips: what they look like and what was asked for.

    Attributes:
        looks: family → `[N, D]` description.
        labels: family → N labels, ``""`` where the annotation says nothing.
    """

    looks: dict[str, Floats]
    labels: dict[str, list[str]]


def strokes_of(
    motions: Iterable[Motion],
    references: Iterable[Motion],
    tracks: Iterable[NDArray],
    forms: Iterable[NDArray | None] | None = None,
) -> Strokes:
    """The strokes of motions, found by their matrices; resting places come from the reference motions.

    Args:
        forms: for each motion `[2, T]`, see `asked_forms.forms_of_clip`, or None where nobody knows.
    """
    looks: dict[str, list[Floats]] = {family: [] for family in FAMILIES}
    labels: dict[str, list[str]] = {family: [] for family in FAMILIES}
    known = repeat(None) if forms is None else forms
    alike = zip(motions, references, tracks, strict=True)
    for (motion, reference, track), rows in zip(alike, known, strict=False):
        gestures = asked_gestures(track)
        if not gestures or len(motion) < 2:
            continue
        positions = motion.positions()
        fingers = {side: _fingers(motion, side) for side in HANDS}
        paths = {
            side: statistics.wrist_track(motion, side) - resting_wrist(reference, track, side)
            for side in HANDS
        }
        for gesture in gestures:
            # Hand shapes are those of the moment in which the hand arrives.
            hand = fingers[gesture.side][gesture.arrival - 1 : gesture.arrival + 2].mean(axis=0)
            looks["shape"].append(hand)
            whole = np.concatenate([_paths(paths, gesture), _palms(positions, gesture), hand[_BONES:]])
            for family in ("phrase", "form", "lexeme"):
                looks[family].append(whole)
            named = {**gesture.labels, **_form_labels(rows, gesture)}
            for family in FAMILIES:
                labels[family].append(named.get(family, ""))
    stacked = {name: np.stack(rows) if rows else np.zeros((0, 1)) for name, rows in looks.items()}
    return Strokes(stacked, labels)


def _form_labels(rows: NDArray | None, gesture: AskedGesture) -> dict[str, str]:
    """Form and lexeme of a stroke, where anybody knows them."""
    number = 0 if rows is None else int(rows[HANDS.index(gesture.side), gesture.stroke])
    if number <= 0:
        return {}
    form = list(gesture_forms().values())[number - 1]
    return {"form": form.name, "lexeme": form.kind}


def _fingers(motion: Motion, side: str) -> Floats:
    """Finger bones in the hand's frame, how straight fingers are and how far apart, `[T, 63 + 5 + 4]`.

    Mirrored to the left hand.
    """
    turned = motion if side == "left" else motion.mirrored()
    bones = take_arm(turned.directions(), "left").fingers
    chains = {
        finger: [joint - skeleton.LEFT_HAND for joint in skeleton.finger_chain("left", finger)[1:]]
        for finger in skeleton.FINGERS
    }
    pointing = [bones[:, chain].mean(axis=1) for chain in chains.values()]
    straight = np.stack([np.linalg.norm(each, axis=-1) for each in pointing], axis=1)
    apart = np.stack([(a * b).sum(axis=-1) for a, b in pairwise(pointing)], axis=1)
    return np.concatenate([bones.reshape(len(motion), -1), straight, apart], axis=1)


def _paths(paths: dict[str, NDArray], gesture: AskedGesture) -> Floats:
    """Both wrists against their rest at eight moments of the gesture, mirrored to the left hand."""
    order = HANDS if gesture.side == "left" else tuple(reversed(HANDS))
    mirror = np.array([1.0 if gesture.side == "left" else -1.0, 1.0, 1.0])
    at = _moments(gesture, _PATH_POINTS)
    return np.concatenate([(paths[side][at] * mirror).ravel() for side in order]) / np.mean(
        skeleton.HUMAN_LENGTHS[[skeleton.LEFT_ELBOW, skeleton.LEFT_WRIST]]
    )


def _palms(positions: NDArray, gesture: AskedGesture) -> Floats:
    """Directions of hand, knuckles and forearm at five moments of the gesture, mirrored to the left hand."""
    wrist, elbow, middle, index, little = (
        positions[:, skeleton.JOINT_INDEX[f"{gesture.side}_{name}"]].astype(np.float64)
        for name in ("wrist", "elbow", "middle_1", "index_1", "little_1")
    )
    at = _moments(gesture, _PALM_MOMENTS)
    mirror = np.array([1.0 if gesture.side == "left" else -1.0, 1.0, 1.0])
    lines = [unit(line[at]) * mirror for line in (middle - wrist, index - little, wrist - elbow)]
    return np.concatenate(lines, axis=1).ravel()


def _moments(gesture: AskedGesture, n: int) -> NDArray[np.int64]:
    """Frames from the gesture's first to the last before the hands leave."""
    return np.linspace(gesture.begin, max(gesture.end - 1, gesture.begin), n).round().astype(np.int64)


class Forest:
    """A forest of 200 trees with a fixed seed: the same data give the same classifier.

    Nothing is assumed of the looks' scale: those of performers it has not seen may lie far from all examples
    where somebody's fingers hardly move, which a linear discriminant can't bear.

    Args:
        looks: `[N, D]` examples.
        labels: N labels; those with fewer than five examples and ``""`` are left out.
        kind: of the forest.

    Raises:
        AqgtError: fewer than two labels are left.
    """

    def __init__(
        self, looks: Floats, labels: Sequence[str], kind: Literal["random", "extra"] = "extra"
    ) -> None:
        from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

        self.classes = _known(labels)
        kept = [index for index, label in enumerate(labels) if label in self.classes]
        make = {"random": RandomForestClassifier, "extra": ExtraTreesClassifier}[kind]
        self._trees = make(200, random_state=0)
        self._trees.fit(looks[kept], [labels[index] for index in kept])

    def predict(self, looks: Floats) -> list[str]:
        """A label for each row `[N, D]`."""
        return [str(label) for label in self._trees.predict(looks)]


def classifier_of(family: str, looks: Floats, labels: Sequence[str]) -> Forest:
    """The kind that recognised held-out strokes of composed corpora best."""
    return Forest(looks, labels, "random" if family == "shape" else "extra")


def reach_of(
    family: str, looks: Floats, labels: Sequence[str], takes: Sequence[str]
) -> dict[str, float | int]:
    """What such a classifier recognises in recordings that it has not seen, of people whom it has.

    Args:
        takes: the recording of each stroke; it is tested on a quarter of them and trained on the others, in
            turn, so that copies of a recording don't help.

    Raises:
        AqgtError: there are too few labels or recordings.
    """
    from sklearn.model_selection import GroupKFold

    if len(set(takes)) < _FOLDS:
        raise AqgtError(f"Only {len(set(takes))} recordings are known.", "Use a larger corpus.", "too-few")
    found = np.full(len(labels), "", dtype=object)
    wanted = np.array(labels, dtype=object)
    for rest, part in GroupKFold(_FOLDS).split(looks, groups=takes):
        classifier = classifier_of(family, looks[rest], wanted[rest].tolist())
        found[part] = classifier.predict(looks[part])
        wanted[part] = [label if label in classifier.classes else "" for label in wanted[part]]
    return _shares(found.tolist(), wanted.tolist())


def recognition(classifier: Forest, looks: Floats, labels: Sequence[str]) -> dict[str, float | int]:
    """Share of right labels, its mean over the labels, and what the commonest label alone would score.

    Strokes with a label that the classifier does not know are left out; NaN where none is left.
    """
    wanted = [label if label in classifier.classes else "" for label in labels]
    return _shares(classifier.predict(looks) if any(wanted) else wanted, wanted)


def _shares(found: Sequence[str], wanted: Sequence[str]) -> dict[str, float | int]:
    pairs = [(a, b) for a, b in zip(found, wanted, strict=True) if b]
    if not pairs:
        return {"accuracy": float("nan"), "balanced": float("nan"), "commonest": float("nan"), "count": 0}
    names = [b for _, b in pairs]
    hits = np.array([a == b for a, b in pairs])
    per_label = [hits[[w == name for w in names]].mean() for name in sorted(set(names))]
    return {
        "accuracy": float(hits.mean()),
        "balanced": float(np.mean(per_label)),
        "commonest": max(Counter(names).values()) / len(names),
        "count": len(names),
    }


def _known(labels: Sequence[str]) -> list[str]:
    """The labels with enough examples.

    Raises:
        AqgtError: there are fewer than two.
    """
    counts = Counter(label for label in labels if label)
    found = sorted(name for name, count in counts.items() if count >= _LEAST_EXAMPLES)
    if len(found) < 2:
        raise AqgtError(
            f"Only {len(found)} label has {_LEAST_EXAMPLES} examples or more.",
            "Use a larger corpus.",
            "too-few",
        )
    return found
