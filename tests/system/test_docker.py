# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of the engine, as far as it can be tried without Docker: its instructions in a chroot."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.setup_environment import TORCH, TORCH_CPU_INDEX, reachable
from tests.system.dockerfile import Stage, build, debian, first_process, instructions

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a chroot into Debian needs Linux"),
    pytest.mark.timeout(900),  # most of it is the installation of PyTorch
]


@pytest.fixture(scope="module")
def image(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    debian()
    index = {"TORCH_INDEX": TORCH_CPU_INDEX} if reachable(f"{TORCH_CPU_INDEX}/torch/") else {}
    work = tmp_path_factory.mktemp("image")
    yield build(checkout, work, index)
    shutil.rmtree(work)  # 2 GB


def test_the_same_pytorch_as_everywhere_and_no_port_but_the_engines(checkout: Path) -> None:
    found = dict(instructions((checkout / "Dockerfile").read_text()))
    assert f'"{TORCH}"' in (checkout / "Dockerfile").read_text()
    assert found["EXPOSE"] == "5757"
    assert "0.0.0.0" not in (checkout / "Makefile").read_text()
    run = subprocess.run(["make", "-n", "run"], cwd=checkout, capture_output=True, text=True).stdout
    assert "--publish 127.0.0.1:5757:5757" in run


TALK = """
import sys
import numpy as np
from aqgt.protocol import Client, messages
sound = np.sin(np.arange(32_000) * 0.1).astype(np.float32)
with Client("tcp://127.0.0.1:5757", key_file=sys.argv[1]) as client:
    assert "compact" in [model.name for model in client.hello().models]
    print(len(client.generate(messages.GenerateRequest(sound)).motions[0]))
"""


def test_the_container_serves_with_keys_of_its_own(image: Stage) -> None:
    environment = {"OMP_NUM_THREADS": "1"}
    command = image.started([*image.entry_point, *image.command], (), environment, own_network=True)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def beside(*arguments: str) -> subprocess.CompletedProcess[str]:
        network = ["nsenter", f"--net=/proc/{first_process(process.pid)}/ns/net"]
        return subprocess.run([*network, *arguments], capture_output=True, text=True, timeout=120)

    try:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().strip() == "AQGT READY tcp://0.0.0.0:5757", process.stderr.read()
        assert "/data/keys/client.key" in process.stderr.readline()
        keys = image.layer / "upper" / "data" / "keys"
        assert (keys / "engine.key").stat().st_mode & 0o077 == 0
        assert (keys / "engine.key").stat().st_uid == 10001
        talked = beside(sys.executable, "-c", TALK, str(keys / "client.key"))
        assert talked.stdout.strip() == "30", talked.stderr
        healthy = beside(*image.started(image.health))
        assert healthy.returncode == 0, healthy.stderr
        # `docker stop` tells the first process of the container, and waits ten seconds.
        os.kill(first_process(process.pid), signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate(timeout=30)
    sick = subprocess.run(image.started(image.health, own_network=True), capture_output=True, text=True)
    assert sick.returncode != 0


def test_other_commands_are_those_of_aqgt(image: Stage) -> None:
    told = subprocess.run(image.started([*image.entry_point, "--version"]), capture_output=True, text=True)
    assert told.stdout.startswith("aqgt "), told.stderr
