# SPDX-License-Identifier: GPL-3.0-or-later
"""Can a reader tell what was asked for from the motion? Classifiers of recorded strokes.

Of gesture types (phrase), hand shapes, gesture forms, and lexemes: the kinds of gesture that forms belong to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.annotations import HANDS
from aqgt.errors import AqgtError
from aqgt.gesture_forms import gesture_forms
from aqgt.motion import Motion
from aqgt_training.corpora.limbs import take_arm
from aqgt_training.evaluation import motion_statistics as statistics
from aqgt_training.evaluation.control import resting_wrist
from aqgt_training.evaluation.gestures import AskedGesture, asked_gestures

Floats = NDArray[np.float64]

FAMILIES = ("phrase", "shape", "form", "lexeme")
_LEAST_EXAMPLES = 5
_PATH_POINTS = 8
_SHRINKAGE = 0.1


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
        fingers = {side: _fingers(motion, side) for side in HANDS}
        paths = {
            side: statistics.wrist_track(motion, side) - resting_wrist(reference, track, side)
            for side in HANDS
        }
        for gesture in gestures:
            # Hand shapes are those of the moment in which the hand arrives.
            hand = fingers[gesture.side][gesture.arrival - 1 : gesture.arrival + 2].mean(axis=0)
            looks["shape"].append(hand)
            whole = np.concatenate([_paths(paths, gesture), hand])
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
    at = np.linspace(gesture.begin, max(gesture.end - 1, gesture.begin), _PATH_POINTS).round().astype(int)
    return np.concatenate([(paths[side][at] * mirror).ravel() for side in order]) / np.mean(
        skeleton.HUMAN_LENGTHS[[skeleton.LEFT_ELBOW, skeleton.LEFT_WRIST]]
    )


class LinearDiscriminant:
    """Linear discriminant analysis with one shrunk covariance; the same data give the same classifier.

    Args:
        looks: `[N, D]` examples.
        labels: N labels; those with fewer than five examples and ``""`` are left out.

    Raises:
        AqgtError: fewer than two labels are left.
    """

    def __init__(self, looks: Floats, labels: Sequence[str]) -> None:
        self.classes = _known(labels)
        kept = np.array([label in self.classes for label in labels])
        target = np.array([self.classes.index(label) for label in labels if label in self.classes])
        self._shift = looks[kept].mean(axis=0)
        self._scale = np.maximum(looks[kept].std(axis=0), 1e-6)
        x = (looks[kept] - self._shift) / self._scale
        means = np.stack([x[target == k].mean(axis=0) for k in range(len(self.classes))])
        within = x - means[target]
        covariance = within.T @ within / max(1, len(x) - len(self.classes))
        mean_variance = float(np.trace(covariance)) / len(covariance)
        covariance = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * max(mean_variance, 1e-6) * np.eye(
            len(covariance)
        )
        self._weights = np.linalg.solve(covariance, means.T)
        self._bias = -0.5 * (means.T * self._weights).sum(axis=0) + np.log(np.bincount(target) / len(x))

    def predict(self, looks: Floats) -> list[str]:
        """A label for each row `[N, D]`."""
        scores = ((looks - self._shift) / self._scale) @ self._weights + self._bias
        return [self.classes[int(k)] for k in scores.argmax(axis=1)]


class Forest:
    """A random forest with a fixed seed, for labels that are thresholds on many measures, as hand shapes are.

    Args and errors as of `LinearDiscriminant`.
    """

    def __init__(self, looks: Floats, labels: Sequence[str]) -> None:
        from sklearn.ensemble import RandomForestClassifier

        self.classes = _known(labels)
        kept = [index for index, label in enumerate(labels) if label in self.classes]
        self._trees = RandomForestClassifier(60, min_samples_leaf=3, random_state=0)
        self._trees.fit(looks[kept], [labels[index] for index in kept])

    def predict(self, looks: Floats) -> list[str]:
        """A label for each row `[N, D]`."""
        return [str(label) for label in self._trees.predict(looks)]


Classifier = LinearDiscriminant | Forest


def classifier_of(family: str, looks: Floats, labels: Sequence[str]) -> Classifier:
    """The kind that recognised held-out strokes of the composed corpus best: a forest for the shape."""
    return Forest(looks, labels) if family == "shape" else LinearDiscriminant(looks, labels)


def recognition(classifier: Classifier, looks: Floats, labels: Sequence[str]) -> dict[str, float | int]:
    """Share of right labels, its mean over the labels, and what the commonest label alone would score.

    Strokes with a label that the classifier does not know are left out; NaN where none is left.
    """
    kept = [index for index, label in enumerate(labels) if label in classifier.classes]
    if not kept:
        return {"accuracy": float("nan"), "balanced": float("nan"), "commonest": float("nan"), "count": 0}
    wanted = [labels[index] for index in kept]
    hits = np.array([a == b for a, b in zip(classifier.predict(looks[kept]), wanted, strict=True)])
    per_label = [hits[[w == name for w in wanted]].mean() for name in sorted(set(wanted))]
    return {
        "accuracy": float(hits.mean()),
        "balanced": float(np.mean(per_label)),
        "commonest": max(Counter(wanted).values()) / len(wanted),
        "count": len(wanted),
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
