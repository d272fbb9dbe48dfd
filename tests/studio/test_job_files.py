# SPDX-License-Identifier: GPL-3.0-or-later
"""Job files: what they may say, how mistakes are named, what they expand to."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aqgt.errors import AqgtError
from aqgt.studio.jobfile import read_job_file
from aqgt.studio.jobs import expand


def written(folder: Path, text: str, name: str = "jobs.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_reach_every_job_and_a_jobs_own_keys_win(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "output: there\n"
        "defaults: {model: debug, outputs: [npz, bvh], render: {width: 320, height: 180}, text: all.txt}\n"
        "jobs:\n"
        "  - audio: a.wav\n"
        "  - {audio: b.wav, outputs: npz, render: {engine: cycles}, transcript: Hello.}\n",
    )
    file = read_job_file(path)
    (_, first), (_, second) = file.jobs
    assert file.output == tmp_path / "there"
    assert first.outputs == ("npz", "bvh")
    assert first.text == "all.txt"
    assert second.outputs == ("npz",)
    assert (second.text, second.transcript) == (None, "Hello.")
    assert (second.render.engine, second.render.width) == ("cycles", 320)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jobs:\n  - audio: a.wav\n    sede: 3\n", "line 3: there is no key “sede”"),
        ("jobs:\n  - audio: a.wav\n    density: 7\n", "line 3: “density” is 7"),
        ("defaults:\n  speaker: -1\njobs:\n  - audio: a.wav\n", "line 2: “speaker” is -1"),
        ("jobs:\n  - audio: a.wav\n    render:\n      engine: arnold\n", "line 4: “render.engine”"),
        ("jobs:\n  - text: a.txt\n", "line 2: the key “audio” is missing"),
        ("jobs:\n  - audio: a.wav\n    outputs: [wmv]\n", "allowed are npz, bvh"),
        ("jobs:\n  - audio: a.wav\n    outputs: [blend]\n", "line 2: the output “blend” needs a “character”"),
        ("jobs:\n  - {audio: a.wav, text: a.txt, words: a.json}\n", "“text” and “words” are both given"),
        ("jobs:\n  - {audio: a.wav, text: '{steam}.txt'}\n", "not {steam}"),
        ("jobs:\n  - {audio: a.wav, character: a.obj}\n", "a character ends in .blend"),
        ("jobs:\n  - a.wav\n", "line 2: 'a.wav' is no list"),
        ("jbos: []\n", "line 1: there is no key “jbos”"),
        ("jobs: 3\n", "line 1: “jobs” is neither"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(AqgtError) as caught:
        read_job_file(written(tmp_path, text))
    assert expected in caught.value.sentence
    assert "jobs.yaml" in caught.value.sentence


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(AqgtError) as caught:
        read_job_file(written(tmp_path, "jobs:\n  - {audio: a, fps: 0}\n  - {audio: b, idle: 9}\n"))
    assert "line 2" in caught.value.sentence
    assert "line 3" in caught.value.sentence


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_holds_one_job_per_row(separator: str, tmp_path: Path) -> None:
    rows = [
        ["audio", "seeds", "outputs", "render.width", "transcript"],
        ["a.wav", "1 ; 2" if separator == "," else "1,2", "npz", "320", "One, two; three."],
        ["b.wav", "", "", "", ""],
        ["", "", "", "", ""],
    ]
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    (place, first), (_, second) = read_job_file(written(tmp_path, text.getvalue(), "t.csv")).jobs
    assert place == "row 2 of t.csv"
    assert first.seeds == (1, 2)
    assert first.render.width == 320
    assert first.transcript == "One, two; three."
    assert second.seeds == (0,)


def test_a_mistake_in_a_table_is_named_with_its_row(tmp_path: Path) -> None:
    written(tmp_path, "audio,seeds\na.wav,1\nb.wav,x\n", "t.csv")
    path = written(tmp_path, "defaults: {model: debug}\njobs: t.csv\n")
    with pytest.raises(AqgtError, match=r"row 3 of t\.csv: “seeds\.0” is 'x'"):
        read_job_file(path)


def test_a_pattern_finds_recordings_and_their_transcripts(tmp_path: Path) -> None:
    for name in ("voices/b.wav", "voices/a.wav", "voices/deep/c.wav", "voices/a.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    text = "jobs:\n  - {audio: 'voices/**/*.wav', text: '{folder}/{stem}.txt', name: n}\n"
    tasks = expand(read_job_file(written(tmp_path, text)))
    assert [task.name for task in tasks] == ["n-a", "n-b", "n-c"]
    assert [task.text for task in tasks] == [
        tmp_path / "voices/a.txt",
        tmp_path / "voices/b.txt",
        tmp_path / "voices/deep/c.txt",
    ]


def test_a_pattern_without_a_match_stays_a_task_that_will_fail(tmp_path: Path) -> None:
    (task,) = expand(read_job_file(written(tmp_path, "jobs:\n  - audio: none/*.wav\n")))
    assert task.audio == tmp_path / "none/*.wav"


def test_jobs_that_would_write_the_same_files_are_refused(tmp_path: Path) -> None:
    text = "jobs:\n  - audio: x/A.wav\n  - audio: y/a.wav\n"
    with pytest.raises(AqgtError, match="line 2 and line 3 both make “a”"):
        expand(read_job_file(written(tmp_path, text)))


names = st.text("abcäü ./-_", min_size=1, max_size=6)
jobs = st.fixed_dictionaries(
    {"audio": names.map(lambda name: f"{name}.wav")},
    optional={
        "name": names,
        "presets": st.lists(st.sampled_from(["always-beat", "no-text", "left-hand-only"]), unique=True),
        "seeds": st.lists(st.integers(0, 50), min_size=1, max_size=4),
        "variants": st.integers(1, 4),
        "outputs": st.lists(st.sampled_from(["npz", "bvh", "mp4"]), min_size=1, max_size=3),
    },
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=150,
    deadline=None,
)
@given(listed=st.lists(jobs, min_size=1, max_size=5))
def test_expansion(listed: list[dict[str, Any]], tmp_path: Path) -> None:
    """Every preset × seed is there once, no two tasks share a file, all files lie in the folder."""
    file = read_job_file(written(tmp_path, yaml.safe_dump({"jobs": listed}, allow_unicode=True)))
    try:
        tasks = expand(file)
    except AqgtError as error:
        assume(error.code != "same-name")
        raise
    wanted = []
    for job in listed:
        seeds = {seed + k for seed in job.get("seeds", [0]) for k in range(job.get("variants", 1))}
        wanted += [(preset, seed) for preset in job.get("presets") or [None] for seed in seeds]
    key = lambda pair: (pair[0] or "", pair[1])  # noqa: E731
    assert sorted([(task.preset, task.seed) for task in tasks], key=key) == sorted(wanted, key=key)
    files = [path for task in tasks for path in task.outputs.values()]
    assert len({str(path).lower() for path in files}) == len(files)
    assert all(path.parent == file.output and not path.name.startswith(".") for path in files)
    assert expand(file) == tasks
