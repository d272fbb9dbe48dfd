# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of an evaluation as tables, for the console, its page, the model's card and the README."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONTROL_ROWS = (
    ("side_right", "one-handed: asked-for hand moves more, share", "side_count"),
    ("peak_error_median", "speed peak against the recording, median s", "peak_count"),
    ("peak_error_p90", "speed peak against the recording, 90 % within s", ""),
    ("extent_right", "extent in its bucket, share", "extent_count"),
    ("position_right", "position label on arrival, share", "position_count"),
    ("direction_right", "hand to the left, to the right, above, share", "direction_count"),
)
RECOGNISED = {
    "phrase": "gesture type",
    "shape": "hand shape",
    "form": "gesture form",
    "lexeme": "lexeme (kind of form)",
}
"""What classifiers recognise in strokes, see `form_classifier`."""
SET_COLUMNS = (
    ("frechet", "Fréchet"),
    ("frechet_halves", "Fréchet, halves"),
    ("speed_ratio", "wrist speed"),
    ("acceleration_ratio", "acceleration"),
    ("jerk_ratio", "jerk"),
    ("wrist_error_share", "wrist error"),
    ("resting_share", "resting"),
    ("pause_rest_share", "at rest in pauses"),
    ("frozen_share", "frozen"),
    ("inside_body_share", "hands inside body"),
)


@dataclass(frozen=True)
class Table:
    """A table of texts, for the console, Markdown or HTML."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def provenance_line(figures: dict[str, Any]) -> str:
    """What the figures were made on; it stands beside every table."""
    line = (
        f"{figures['model']} ({figures['model_hash'][:12]}); corpus {figures['corpus_kind']}"
        f" {figures['corpus_sha256'][:12]}, split {figures['split']}: {figures['clips']} clips,"
        f" {figures['seconds'] / 60:.1f} min"
    )
    if figures["extractor_sha256"]:
        windows = figures["windows"]
        line += (
            f"; {windows['per_set']} windows per set, {windows['independent']} of them without overlap;"
            f" feature network {figures['extractor_sha256'][:12]}"
        )
    return line + "."


def tables(figures: dict[str, Any], *, intervals: bool = True) -> list[Table]:
    """All tables of an evaluation; without ``intervals`` they are narrow enough for a terminal."""
    sets = _sets(figures, intervals)
    found = [*([sets] if intervals else _in_parts(sets)), _beats(figures)]
    if figures["voices"]:
        found.append(_voices(figures))
    if figures["control"]:
        found.append(_control(figures))
    return [*found, _controlled(figures)]


def _in_parts(table: Table, columns: int = 6) -> list[Table]:
    """A wide table as several, each with the first column; the note stands under the last."""
    starts = range(1, len(table.header), columns)
    return [
        Table(
            table.title if at == 1 else "",
            (table.header[0], *table.header[at : at + columns]),
            tuple((row[0], *row[at : at + columns]) for row in table.rows),
            table.note if at == starts[-1] else "",
        )
        for at in starts
    ]


def _sets(figures: dict[str, Any], intervals: bool) -> Table:
    columns = [c for c in SET_COLUMNS if any(c[0] in each for each in figures["sets"].values())]
    rows = tuple(
        (name, *((with_interval if intervals else plain)(each.get(key)) for key, _ in columns))
        for name, each in figures["sets"].items()
    )
    note = "With 95 % bootstrap intervals over clips. " if intervals else ""
    note += (
        "Speed, acceleration and jerk are ratios to the recorded"
        " motion's, wrist error is a share of standing still's, the others are shares of frames."
    )
    if "frechet" in dict(columns):
        floor = figures["sets"]["real"]["frechet_halves"]
        note += (
            " Fréchet, halves: the set on half of the clips against the recorded motion on the other half;"
            f" the recorded motion's own {number(floor['value'])} is the floor. A Fréchet distance hardly"
            " sees jitter: read it with speed and jerk."
        )
    return Table("Sets of motions", ("set", *(title for _, title in columns)), rows, note)


def _beats(figures: dict[str, Any]) -> Table:
    rows = tuple(
        (
            name,
            number(each["beats"]["score"]),
            number(each["beats"]["chance"]),
            number(each["beats"]["p_value"]),
            str(each["beats"]["beats"]),
        )
        for name, each in figures["sets"].items()
    )
    return Table(
        "Beats on accents",
        ("set", "nearness", "by chance", "p", "beats"),
        rows,
        "Nearness of halts of the wrists to the voice's accents (1: all on one), the same with the accents"
        " shifted in time, and the share of such shifts that were at least as good.",
    )


def _voices(figures: dict[str, Any]) -> Table:
    rows = tuple(
        (
            name,
            f"{each['seconds'] / 60:.1f}",
            *(number(each[key]["value"]) for key in ("speed_ratio", "jerk_ratio")),
            f"{number(each['pause_rest_share']['value'])} ({number(each['real_pause_rest_share']['value'])})",
            *(number(each["beats"][key]) for key in ("score", "chance", "p_value")),
        )
        for name, each in figures["voices"].items()
    )
    return Table(
        "Plain speech, annotated by the planner alone",
        ("voice", "min", "wrist speed", "jerk", "at rest in pauses (real)", "beats", "by chance", "p"),
        rows,
        "Against gestures composed on the same sound; beats as above.",
    )


def _control(figures: dict[str, Any]) -> Table:
    control = figures["control"]
    names = [name for name in control if name not in ("clips", "notes")]
    rows = [(title, *(number(control[name][key]) for name in names)) for key, title, _ in CONTROL_ROWS]
    for extent in ("small", "medium", "large"):
        reach = [number(control[name]["excursion"][extent]) for name in names]
        rows.append((f"wrist excursion where {extent} is asked, units", *reach))
    for family, title in RECOGNISED.items():
        if family in control[names[0]] and control["real"][family]["count"]:
            rows.append((f"{title} recognised", *(number(control[n][family]["accuracy"]) for n in names)))
            rows.append(
                (f"{title}, mean over labels", *(number(control[n][family]["balanced"]) for n in names))
            )
    real = control["real"]
    counts = ", ".join(str(real[count]) for _, _, count in CONTROL_ROWS if count)
    note = (
        f"On {control['clips']} annotated clips; the column “real” is what the recorded motion itself scores."
        f" Gestures by side, peak, extent, position and direction: {counts}."
    )
    judged = {title: real[family] for family, title in RECOGNISED.items() if family in real}
    if judged:
        shares = [
            f"{title} {number(each['commonest'])} of {each['count']}"
            for title, each in judged.items()
            if each["count"]
        ]
        note += (
            " Recognised: by classifiers of strokes of the training split; the commonest label alone would"
            f" score: {', '.join(shares)}."
        )
    if figures["reach"]:
        shares = [f"{RECOGNISED[name]} {number(each['accuracy'])}" for name, each in figures["reach"].items()]
        note += f" In recordings left out of the training split they recognise: {', '.join(shares)}."
    return Table("Annotations followed in held-out clips", ("", *names), tuple(rows), note)


def _controlled(figures: dict[str, Any]) -> Table:
    controlled = figures["controlled"]
    reach = ", ".join(f"{name} {number(value)}" for name, value in controlled["excursion"].items())
    places = ", ".join(f"{name} {number(value)}" for name, value in controlled["direction"].items())
    rows = (
        ("asked-for hand moved most", number(controlled["right_side"])),
        ("mean excursion by extent, units", reach),
        ("excursion grows from small to large", number(controlled["monotone"])),
        ("excursion in its bucket", number(controlled["bucket"])),
        ("speed peak after the preparation begins, s", number(controlled["peak_delay"])),
        ("hand on the asked-for side by position", places),
        ("left of right, and on-top above both", number(controlled["relative"])),
        *_named_forms(figures),
        ("two seeds, planner: wrist distance, units", number(figures["variety"])),
        ("two seeds, same type and extent typed: the same", number(figures["variety_typed"])),
        ("two seeds, all labels but the form: the same", number(figures["variety_labelled"])),
        ("two seeds, same matrix without forms: the same", number(figures["variety_annotated"])),
        ("unknown annotations against none: wrist distance, units", number(figures["unknown_changes"])),
    )
    return Table(
        "Single gestures as typed markers, and two seeds",
        ("", "value"),
        rows,
        f"{controlled['gestures']} gestures by side and extent, {controlled['placed']} by hand and position;"
        " one unit is ten times the distance from neck to head top.",
    )


def _named_forms(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """What classifiers recognise where the form alone is named; recorded held-out strokes beside it."""
    named = figures["named_forms"]
    real = figures["control"]["real"] if figures["control"] else {}
    return [
        (
            f"{RECOGNISED[family]} recognised where the form alone is named (recorded: held-out clips,"
            " other recordings of the training's performers)",
            f"{number(named[family]['accuracy'])} ({number(real.get(family, {}).get('accuracy'))},"
            f" {number(figures['reach'].get(family, {}).get('accuracy'))})",
        )
        for family in ("form", "lexeme")
        if family in named
    ]


def number(value: float | None, digits: int = 3) -> str:
    """A figure as text; “–” where there is none."""
    if value is None:
        return "–"
    text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def plain(figure: dict[str, Any] | None) -> str:
    """The value alone as text."""
    return number(None if figure is None else figure["value"])


def with_interval(figure: dict[str, Any] | None) -> str:
    """Value and interval as text."""
    if figure is None or figure["value"] is None:
        return "–"
    if figure["low"] is None or figure["low"] == figure["high"]:
        return number(figure["value"])
    return f"{number(figure['value'])} [{number(figure['low'])}, {number(figure['high'])}]"
