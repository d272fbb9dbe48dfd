# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of the engine, as far as it can be tried without Docker: its instructions in a chroot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aqgt.protocol import Client, messages
from scripts.setup_environment import TORCH, TORCH_CPU_INDEX, reachable
from tests.system.dockerfile import Stage, build, debian, first_process, instructions

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a chroot into Debian needs Linux")


@pytest.fixture(scope="module")
def image(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    debian()
    index = {"TORCH_INDEX": TORCH_CPU_INDEX} if reachable(f"{TORCH_CPU_INDEX}/torch/") else {}
    return build(checkout, tmp_path_factory.mktemp("image"), index)


def test_the_same_pytorch_as_everywhere_and_no_port_but_the_engines(checkout: Path) -> None:
    found = dict(instructions((checkout / "Dockerfile").read_text()))
    assert f'"{TORCH}"' in (checkout / "Dockerfile").read_text()
    assert found["EXPOSE"] == "5757"
    assert "0.0.0.0" not in (checkout / "Makefile").read_text()
    run = subprocess.run(["make", "-n", "run"], cwd=checkout, capture_output=True, text=True).stdout
    assert "--publish 127.0.0.1:5757:5757" in run


def test_the_container_serves_with_keys_of_its_own(image: Stage) -> None:
    environment = {"AQGT_PORT": "5791", "OMP_NUM_THREADS": "1"}
    command = image.started([*image.entry_point, *image.command], [], environment)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().strip() == "AQGT READY tcp://0.0.0.0:5791", process.stderr.read()
        assert "/data/keys/client.key" in process.stderr.readline()
        keys = image.layer / "upper" / "data" / "keys"
        assert (keys / "engine.key").stat().st_mode & 0o077 == 0
        assert (keys / "engine.key").stat().st_uid == 10001
        sound = np.sin(np.arange(32_000) * 0.1).astype(np.float32)
        with Client("tcp://127.0.0.1:5791", key_file=keys / "client.key") as client:
            assert "compact" in [model.name for model in client.hello().models]
            assert len(client.generate(messages.GenerateRequest(sound)).motions[0]) == 30
        healthy = subprocess.run(image.started(image.health, [], environment), capture_output=True, text=True)
        assert healthy.returncode == 0, healthy.stderr
        # `docker stop` tells the first process of the container, and waits ten seconds.
        os.kill(first_process(process.pid), signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.communicate(timeout=30)
    sick = subprocess.run(image.started(image.health, [], environment), capture_output=True, text=True)
    assert sick.returncode != 0


def test_other_commands_are_those_of_aqgt(image: Stage) -> None:
    told = subprocess.run(
        image.started([*image.entry_point, "--version"], [], {}), capture_output=True, text=True
    )
    assert told.stdout.startswith("aqgt "), told.stderr
