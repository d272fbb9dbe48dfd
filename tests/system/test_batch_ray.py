# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch on a Ray cluster of two nodes with token authentication, one of which is lost on the way.

Ray's head listens on all interfaces, so the cluster lives in a network namespace of its own.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from aqgt.formats.npz import read_npz
from aqgt.studio.journal import read_journal
from tests.system.conftest import environment
from tests.system.media import RATE, read_wav, write_wav

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

N_GOOD = 16
UNSHARE = ["unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, voice: Path) -> tuple[Path, dict[str, Any]]:
    """The batch's folder, and what `ray_cluster.py` saw."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'aqgt[cluster]'")
    if shutil.which("ip") is None or subprocess.run([*UNSHARE, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine allows no network namespace of one's own (unshare, ip)")
    folder = tmp_path_factory.mktemp("cluster")
    write_wav(folder / "voice.wav", read_wav(voice)[: 12 * RATE])
    jobs = [{"audio": "voice.wav", "variants": N_GOOD}, {"audio": "gone.wav"}]
    text = yaml.safe_dump({"output": "out", "defaults": {"model": "debug"}, "jobs": jobs})
    (folder / "jobs.yaml").write_text(text, encoding="utf-8")
    script = Path(__file__).with_name("ray_cluster.py")
    result = subprocess.run(
        [*UNSHARE, sys.executable, str(script), str(folder)],
        env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    line = next((one for one in result.stdout.splitlines() if one.startswith("FOUND ")), None)
    assert line, result.stdout + result.stderr
    return folder, json.loads(line.removeprefix("FOUND "))


def test_all_jobs_are_done_although_a_node_was_lost(cluster: tuple[Path, dict[str, Any]]) -> None:
    folder, found = cluster
    assert found["code"] == 1, found["output"]
    assert 4 <= found["done_before"] < N_GOOD, "the node was lost on the way"
    rows = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))["tasks"]
    assert [row["state"] for row in rows] == ["done"] * N_GOOD + ["failed"], found["output"]
    assert "There is no audio file" in rows[-1]["error"]["sentence"]
    motions = [read_npz(folder / "out" / f"voice-seed{k}.npz").motion for k in range(N_GOOD)]
    assert {len(motion) for motion in motions} == {180}


def test_both_nodes_worked(cluster: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = cluster
    workers = {line["worker"] for line in read_journal(folder / "out") if line["event"] == "begun"}
    assert len(workers) >= 2


def test_a_machine_without_the_token_is_not_let_in(cluster: tuple[Path, dict[str, Any]]) -> None:
    _, found = cluster
    assert found["stranger_code"] == 2
    assert "There is no Ray cluster" in found["stranger_error"]
    assert "Traceback" not in found["stranger_error"]
