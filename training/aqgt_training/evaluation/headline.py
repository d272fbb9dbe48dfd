# SPDX-License-Identifier: GPL-3.0-or-later
"""The few figures of an evaluation that stand in the README and first in a model's card."""

from __future__ import annotations

from typing import Any

from aqgt_training.evaluation.report import RECOGNISED, Table, number


def headline(figures: dict[str, Any]) -> Table:
    """The figures that say how good a model is, beside what each is to be read with."""
    sets, controlled = figures["sets"], figures["controlled"]
    own = sets["annotated"]
    excursion = " < ".join(number(controlled["excursion"][name]) for name in ("small", "medium", "large"))
    rows = [
        (
            "single gestures, typed: asked-for hand moves",
            _percent(controlled["right_side"]),
            f"{controlled['gestures']} gestures",
        ),
        (
            "the same: excursion small, medium, large (units)",
            excursion,
            f"in its bucket {_percent(controlled['bucket'])}, grows {_percent(controlled['monotone'])}",
        ),
        *_peak(figures),
        (
            "wrist speed; jerk, annotated",
            f"{_value(own, 'speed_ratio')}; {_value(own, 'jerk_ratio')}",
            "recorded motion: 1; 1",
        ),
        (
            "wrist error, annotated (share of standing still's)",
            _value(own, "wrist_error_share"),
            f"other clips' motion: {_value(sets.get('real, shuffled', {}), 'wrist_error_share')}",
        ),
        *_frechet(figures),
        *(
            (
                f"plain speech, {name}: wrist speed; at rest in pauses; beats on accents",
                f"{_value(each, 'speed_ratio')}; {_percent(_plain(each, 'pause_rest_share'))};"
                f" {number(each['beats']['score'], 2)}",
                f"recorded motion at rest: {_percent(_plain(each, 'real_pause_rest_share'))}; beats by chance"
                f" {number(each['beats']['chance'], 2)}, p {_p(each['beats']['p_value'])}",
            )
            for name, each in figures["voices"].items()
        ),
        *_recognised(figures),
        (
            "two seeds, mean wrist distance: planner; type and extent typed (units)",
            f"{number(figures['variety'])}; {number(figures['variety_typed'])}",
            f"all labels but the form given: {number(figures['variety_labelled'])}",
        ),
    ]
    return Table("Headline figures", ("", figures["model"], "to be read with"), tuple(rows))


def _peak(figures: dict[str, Any]) -> list[tuple[str, str, str]]:
    if not figures["control"]:
        return []
    own = figures["control"]["annotated"]
    return [
        (
            "speed peak of a stroke against the recorded one's: median; 90 % within",
            f"{number(own['peak_error_median'])} s; {number(own['peak_error_p90'])} s",
            f"{own['peak_count']} strokes",
        )
    ]


def _frechet(figures: dict[str, Any]) -> list[tuple[str, str, str]]:
    sets = figures["sets"]
    still = _plain(sets["rest pose"], "frechet")
    if not still:
        return []
    shares = [_percent(_share(_plain(sets[name], "frechet"), still), 1) for name in ("annotated", "planner")]
    floor = [_plain(sets[name], "frechet_halves") for name in ("real", "annotated", "planner")]
    return [
        (
            "Fréchet distance, share of the rest pose's: annotated; planner",
            "; ".join(shares),
            f"halves of the clips, recorded (floor), annotated, planner: {', '.join(map(number, floor))}",
        )
    ]


def _recognised(figures: dict[str, Any]) -> list[tuple[str, str, str]]:
    if not figures["control"]:
        return []
    own, real, reach = figures["control"]["annotated"], figures["control"]["real"], figures["reach"]
    rows = []
    for family, title in RECOGNISED.items():
        if family == "form" and not figures["named_forms"]:
            continue  # the model knows no forms
        if family in own and own[family]["count"]:
            known = reach.get(family, {}).get("accuracy")
            named = figures["named_forms"].get(family, {}).get("accuracy")
            rows.append(
                (
                    f"{title} recognised in its strokes" + ("" if named is None else "; form alone named"),
                    _percent(own[family]["accuracy"]) + ("" if named is None else f"; {_percent(named)}"),
                    f"recorded held-out strokes {_percent(real[family]['accuracy'])}, other recordings"
                    f" {_percent(known)}, commonest label {_percent(real[family]['commonest'])}",
                )
            )
    return rows


def _plain(row: dict[str, Any], name: str) -> float | None:
    return None if row.get(name) is None else row[name]["value"]


def _value(row: dict[str, Any], name: str) -> str:
    return number(_plain(row, name), 2)


def _share(value: float | None, whole: float) -> float | None:
    return None if value is None else value / whole


def _percent(share: float | None, digits: int = 0) -> str:
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def _p(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
