# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands make of good input."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from aqgt.formats.bvh import read_bvh
from aqgt.formats.npz import read_npz

Run = Callable[..., Any]


def test_generate_writes_every_format(aqgt: Run, voice: Path, transcript: Path, tmp_path: Path) -> None:
    targets = [tmp_path / f"a{suffix}" for suffix in (".npz", ".bvh", ".mp4")]
    options = [part for target in targets for part in ("-o", target)]
    outcome = aqgt("generate", voice, "--text", transcript, "--model", "debug", *options)
    assert outcome.code == 0, outcome.err
    record = read_npz(targets[0])
    assert record.motion.duration == pytest.approx(2.99, abs=0.07)
    assert [word.text.lower().strip(".") for word in record.words][:3] == ["he", "was", "not"]
    assert record.spans
    assert record.provenance["model"] == "debug"
    assert read_bvh(targets[1]).duration == pytest.approx(record.motion.duration, abs=0.07)
    with av.open(str(targets[2])) as video:
        assert {stream.type for stream in video.streams} == {"video", "audio"}


def test_the_same_seed_makes_the_same_motion_and_another_one_another(
    aqgt: Run, voice: Path, tmp_path: Path
) -> None:
    motions = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert (
            aqgt("generate", voice, "--model", "debug", "--seed", seed, "-o", tmp_path / f"{name}.npz").code
            == 0
        )
        motions.append(read_npz(tmp_path / f"{name}.npz").motion.bone_vectors)
    # Threads follow the free cores, and another number of them adds up in another order.
    assert np.allclose(motions[0], motions[1], atol=1e-6)
    assert not np.allclose(motions[0], motions[2], atol=1e-3)


def test_variants_are_numbered(aqgt: Run, voice: Path, tmp_path: Path) -> None:
    assert aqgt("generate", voice, "--model", "debug", "--variants", 2, "-o", tmp_path / "m.npz").code == 0
    first, second = (read_npz(tmp_path / f"m-{k}.npz").motion.bone_vectors for k in (1, 2))
    assert not np.array_equal(first, second)


def test_each_preset_has_a_file_of_its_own(aqgt: Run, voice: Path, tmp_path: Path) -> None:
    command = ["generate", voice, "--model", "debug", "--sampling", "off"]
    both = aqgt(*command, "--preset", "original", "--preset", "always-deictic", "-o", tmp_path / "m.npz")
    assert both.code == 0
    assert aqgt(*command, "--preset", "always-deictic", "-o", tmp_path / "alone.npz").code == 0
    original, deictic, alone = (
        read_npz(tmp_path / f"{name}.npz").motion.bone_vectors
        for name in ("m-original", "m-always-deictic", "alone")
    )
    assert np.abs(deictic - alone).max() <= 1e-5
    assert np.abs(deictic - original).max() > 1e-4
    assert both.err.count("sound alone") == 1


def test_without_a_transcript_one_sentence_says_so(aqgt: Run, voice: Path, tmp_path: Path) -> None:
    outcome = aqgt("generate", voice, "--model", "debug", "-o", tmp_path / "a.npz")
    assert outcome.code == 0
    assert outcome.err.count("sound alone") == 1


def test_a_44100_hz_stereo_mp3_works(aqgt: Run, voice: Path, tmp_path: Path) -> None:
    mp3 = tmp_path / "voice.mp3"
    with av.open(str(voice)) as source, av.open(str(mp3), "w") as target:
        stream = target.add_stream("mp3", rate=44_100, layout="stereo")
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=44_100)
        frames = [part for frame in source.decode(audio=0) for part in resampler.resample(frame)]
        for frame in [*frames, *resampler.resample(None), None]:
            target.mux(stream.encode(frame))
    outcome = aqgt("generate", mp3, "--model", "debug", "-o", tmp_path / "a.npz")
    assert outcome.code == 0, outcome.err
    assert read_npz(tmp_path / "a.npz").motion.duration == pytest.approx(2.99, abs=0.15)


def test_align_writes_words_that_generate_reads(
    aqgt: Run, voice: Path, transcript: Path, tmp_path: Path
) -> None:
    words = tmp_path / "words.json"
    assert aqgt("align", voice, transcript, "-o", words).code == 0
    outcome = aqgt("generate", voice, "--words", words, "--model", "debug", "-o", tmp_path / "a.npz")
    assert outcome.code == 0, outcome.err
    texts = [word.text for word in read_npz(tmp_path / "a.npz").words]
    assert len(texts) == 7


def test_what_annotate_prints_generate_reads(
    aqgt: Run, voice: Path, transcript: Path, tmp_path: Path
) -> None:
    spans = tmp_path / "spans.json"
    outcome = aqgt("annotate", voice, "--text", transcript, "-o", spans)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.strip().splitlines()
    assert lines
    assert all(" G: " in line for line in lines)
    assert len(json.loads(spans.read_text())["spans"]) == len(lines)
    printed = tmp_path / "printed.txt"
    printed.write_text("# mine\n\n" + outcome.out)
    for file in (printed, spans):
        target = tmp_path / "a.npz"
        outcome = aqgt("generate", voice, "--annotations", file, "--model", "debug", "-o", target)
        assert outcome.code == 0, outcome.err
        starts = [span.start for span in read_npz(target).spans if span.source == "user" or file is spans]
        assert starts == pytest.approx([float(line.split()[0]) for line in lines], abs=0.006)


def test_annotations_change_the_motion(aqgt: Run, voice: Path, tmp_path: Path) -> None:
    marks = tmp_path / "marks.txt"
    long = "G: iconic right large drawing shape=B_loose_spread position=in-front wrist=D-CE"
    assert len(long) > 63, "longer than a marker's name in Blender"
    marks.write_text(f"1.0 s {long}\n9.0 G: beat\n")
    for name, options in (("with", ["--annotations", marks]), ("without", ["--annotate", "none"])):
        outcome = aqgt("generate", voice, "--model", "debug", "-o", tmp_path / f"{name}.npz", *options)
        assert outcome.code == 0, outcome.err
        assert ("An annotation begins after the end of the sound" in outcome.err) == (name == "with")
    with_marks, without = (read_npz(tmp_path / f"{name}.npz") for name in ("with", "without"))
    assert not np.array_equal(with_marks.motion.bone_vectors, without.motion.bone_vectors)
    assert without.spans == ()


def test_preview_of_a_written_motion(aqgt: Run, voice: Path, tmp_path: Path) -> None:
    motion, video = tmp_path / "a.npz", tmp_path / "a.mp4"
    assert aqgt("generate", voice, "--model", "debug", "-o", motion).code == 0
    outcome = aqgt("preview", motion, voice, "-o", video, "--fps", 15)
    assert outcome.code == 0, outcome.err
    with av.open(str(video)) as container:
        assert container.streams.video[0].average_rate == Fraction(15)
        assert container.duration / 1e6 == pytest.approx(2.99, abs=0.1)


def test_models_are_listed_and_shown(aqgt: Run) -> None:
    listed = aqgt("models", "list")
    assert listed.code == 0
    assert "debug" in listed.out
    shown = aqgt("models", "show", "debug")
    assert shown.code == 0
    assert "licence" in shown.out


def test_help_and_version(aqgt: Run) -> None:
    assert "generate" in aqgt("--help").out
    assert "--annotations" in aqgt("generate", "--help").out
    assert aqgt("--version").out.startswith("aqgt ")
