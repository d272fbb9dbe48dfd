# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of gesture markers."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aqgt.annotations import CHANNEL_BY_KEY, SIDED_FAMILIES, Span, spans_to_track
from aqgt.errors import AqgtError
from aqgt.markers import LONGEST_NAME, ParsedMarker, is_marker, markers_to_spans, parse_marker, print_marker


@pytest.mark.parametrize(
    ("name", "side", "labels"),
    [
        ("G: iconic right large", "right", {"phrase": "iconic", "extent": "large"}),
        ("G: LARGE Right iconic", "right", {"phrase": "iconic", "extent": "large"}),
        ("G:iconic", "both", {"phrase": "iconic"}),
        ("g: iconic, rechts, groß", "right", {"phrase": "iconic", "extent": "large"}),
        ("G: ikonisch rechts GROSS", "right", {"phrase": "iconic", "extent": "large"}),
        ("G: deictic both position=left", "both", {"phrase": "deictic", "position": "left"}),
        ("G: zeigen beide position=links", "both", {"practice": "indexing", "position": "left"}),
        ("G: left", "left", {}),
        ("G: left right", "both", {}),
        ("G: side=left", "left", {}),
        ("G: left position = right", "left", {"position": "right"}),
        ("G: left-shape=C right-shape=G", "both", {"shape_left": "C", "shape_right": "G"}),
        ("G: links-Handform=c", "both", {"shape_left": "C"}),
        ("G: speech-position=behind entity=Tür", "both", {"speech_position": "behind", "entity": "door"}),
        ("G: Sprachposition=dahinter", "both", {"speech_position": "behind"}),
        ("G: stroke shaping", "both", {"phase": "stroke", "practice": "shaping"}),
        ("G: extent=0 practice=0 wrist=0", "both", {"extent": "0", "practice": "0", "wrist": "0"}),
        ("G: shape=5 wrist=d-ek", "both", {"shape": "5", "wrist": "D-EK"}),
        ("G: metaphoric", "both", {"phrase": "discourse"}),
        ("G: phrase=nothing shape=unbekannt", "both", {"phrase": "nothing", "shape": "unknown"}),
        ("G: beat beat", "both", {"phrase": "beat"}),
        ("G:", "both", {}),
    ],
)
def test_words_in_any_order_case_and_language(name, side, labels):
    parsed = parse_marker(name)
    assert (parsed.character, parsed.side, parsed.labels, parsed.rest) == (None, side, labels, False)


@pytest.mark.parametrize(
    ("name", "side"), [("G: end", "both"), ("G: Ende links", "left"), ("G: right rest", "right")]
)
def test_the_end_of_a_gesture(name, side):
    parsed = parse_marker(name)
    assert parsed.rest
    assert parsed.side == side


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("G: beat for=1.2s", 1.2), ("G: for=0,8", 0.8), ("G: Dauer=2S", 2), ("G: for = .5s", 0.5)],
)
def test_lengths(name, seconds):
    assert parse_marker(name).duration == seconds
    assert parse_marker(name).at(3.0).end == pytest.approx(3.0 + seconds)


@pytest.mark.parametrize(
    ("name", "character"),
    [
        ("G@Anna: beat", "Anna"),
        ("G@Anna:beat", "Anna"),
        ("g@ Anna Maria : beat", "Anna Maria"),
        ("G@rig:Anna: beat", "rig:Anna"),
    ],
)
def test_a_character_is_addressed(name, character):
    parsed = parse_marker(name)
    assert parsed.character == character
    assert parsed.labels == {"phrase": "beat"}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("G: lrge", ["“lrge”", "Did you mean “large”?"]),
        ("G: iconik", ["“iconik”", "“iconic”"]),
        ("G: xyzzy", ["“xyzzy”", "iconic", "both", "key=label"]),
        ("G: door", ["“door”", "entity=door"]),
        ("G: 0", ["“0”", "extent=0 or practice=0"]),
        ("G: shape=Q", ["“Q”", "B_spread"]),
        ("G: extent=larg", ["“larg”", "Did you mean “large”?"]),
        ("G: shap=C", ["“shap”", "“shape=”"]),
        ("G: occurrence=1", ["“occurrence”"]),
        ("G: left-entity=door", ["“left-entity”"]),
        ("G: side=up", ["“up”", "left, right or both"]),
        ("G: for=soon", ["for=soon", "for=1.2s"]),
        ("G: for=0s", ["for=0s"]),
        ("G: small large", ["“large”", "“small”", "extent"]),
        ("G: end iconic", ["“end”"]),
        ("G: right left-shape=C", ["right", "shape left"]),
        ("iconic", ["no gesture marker", "“G:”"]),
        ("G: " + "beat " * 12 + "ab", ["63 bytes", "panel"]),
    ],
)
def test_errors_name_the_word_and_what_is_allowed(name, parts):
    with pytest.raises(AqgtError) as caught:
        parse_marker(name)
    for part in parts:
        assert part in str(caught.value)


def test_a_name_is_cut_by_bytes_not_letters():
    parse_marker("G: groß" + " " * 54)  # 61 letters, 62 bytes
    with pytest.raises(AqgtError, match="63 bytes"):
        parse_marker("G: groß" + " " * 55)


def test_only_gesture_markers_count():
    for name in ("Good: take", "scene 1", "", "G", "GG: beat", "@Anna: beat"):
        assert not is_marker(name)
    for name in ("G:", " g : x", "G@Anna: end", "G:nonsense"):
        assert is_marker(name)


def test_markers_become_spans_and_problems():
    spans, problems = markers_to_spans([(4.0, "G: end"), (1.0, "G: iconic"), (2.0, "cut"), (3.0, "G: icnic")])
    assert spans == [Span(1.0, labels={"phrase": "iconic"}), Span(4.0, rest=True)]
    assert [(problem.time, problem.name) for problem in problems] == [(3.0, "G: icnic")]
    assert "“icnic”" in problems[0].sentence
    assert "iconic" in problems[0].next_step


def test_a_marker_before_the_clip_is_a_problem():
    spans, problems = markers_to_spans([(-1.0, "G: iconic")])
    assert not spans
    assert problems


def test_markers_of_one_character():
    markers = [(1.0, "G: beat"), (2.0, "G@Anna: iconic"), (3.0, "G@Ben: deictic")]
    taken = {
        (character, bare): [span.start for span in markers_to_spans(markers, character, bare=bare)[0]]
        for character in (None, "anna")
        for bare in (True, False)
    }
    assert taken == {
        (None, True): [1.0, 2.0, 3.0],
        (None, False): [2.0, 3.0],
        ("anna", True): [1.0, 2.0],
        ("anna", False): [2.0],
    }


def label_of(key: str) -> st.SearchStrategy[str]:
    channel = CHANNEL_BY_KEY[
        {"entity": "entity", "speech_position": "position_speech"}.get(key, f"{key}_left")
    ]
    return st.sampled_from([label.name for label in channel.labels] + ["nothing", "unknown"])


@st.composite
def any_span(draw):
    side = draw(st.sampled_from(["left", "right", "both"]))
    keys = draw(st.lists(st.sampled_from([*SIDED_FAMILIES, "entity", "speech_position"]), unique=True))
    labels = {}
    for key in keys:
        hands = ["left", "right"] if side == "both" else [side]
        for hand in draw(st.sampled_from([[None], hands])) if key in SIDED_FAMILIES else [None]:
            labels[f"{key}_{hand}" if hand else key] = draw(label_of(key))
    start = draw(st.floats(0, 100))
    end = draw(st.none() | st.floats(0.05, 9.9).map(lambda seconds: start + seconds))
    return Span(start, end, side, labels)


def meaning(span: Span) -> dict[str, str]:
    return {channel.key: label for channel, label in span.channels()}


@given(any_span(), st.sampled_from([None, "Anna", "Björn Ö", "rig:Anna"]))
def test_printed_names_read_back(span, character):
    name = print_marker(span, character)
    assert len(name.encode()) <= LONGEST_NAME
    parsed = parse_marker(name)
    assert (parsed.character, parsed.side, parsed.rest) == (character, span.side, False)
    written, meant = meaning(parsed.at(span.start)), meaning(span)
    assert written.items() <= meant.items()
    if len(name.encode()) < LONGEST_NAME - 30:  # no word is longer, so nothing was left out
        assert written == meant
    if "for=" in name:
        assert parsed.duration == pytest.approx(span.end - span.start, abs=0.006)


@given(st.sampled_from(["left", "right", "both"]), st.floats(0, 10))
def test_rests_read_back(side, start):
    parsed = parse_marker(print_marker(Span(start, side=side, rest=True)))
    assert parsed.rest
    assert parsed.side == side


def test_german_labels_are_printed_in_english():
    span = Span(1.0, 2.5, "right", {"phrase": "ikonisch", "extent": "groß", "position": "links"})
    assert print_marker(span) == "G: iconic right large for=1.5s position=left"


def test_hands_that_do_the_same_are_printed_as_one():
    labels = {
        "phrase_left": "beat",
        "phrase_right": "beat",
        "position_left": "left",
        "position_right": "right",
    }
    assert print_marker(Span(1.0, labels=labels)) == "G: beat both left-position=left right-position=right"
    assert print_marker(Span(1.0, side="left", labels={"shape_left": "C"})) == "G: left shape=C"


@pytest.mark.parametrize("character", ["x" * 60, "Anna: B", " Anna", ""])
def test_characters_that_fit_no_marker_are_refused(character):
    with pytest.raises(AqgtError, match="does not fit"):
        print_marker(Span(1.0), character)


WORDS = """iconic right links large 0 end left-shape=C shape= =C for=1 for=-1 for=1e999 G@ @ : = position=left
wrist=0 Ende groß entity=Tür speech-position=hin left-left-shape=C left= side=both"""
words = st.sampled_from(WORDS.split())


def parsed_or_refused(name: str) -> ParsedMarker | AqgtError:
    try:
        return parse_marker(name)
    except AqgtError as error:
        return error


@given(st.one_of(st.text(), st.lists(words | st.text(max_size=5), max_size=6).map(" ".join)))
@example("\ud800")
@example("=")
def test_any_text_is_read_or_refused_in_a_sentence(text):
    for name in (text, f"G: {text}", f"G@{text}"):
        outcome = parsed_or_refused(name)
        if isinstance(outcome, AqgtError):
            assert outcome.sentence.endswith((".", "?"))
            assert outcome.next_step
        else:
            spans_to_track([outcome.at(1.0)], 40, 15)  # whatever can be read can be used
