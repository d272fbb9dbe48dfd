# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a Dockerfile out without Docker: a stage is a layer over a Debian folder, a RUN a chroot into it.

It knows the instructions that ours uses, and refuses any other.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("AQGT_DEBIAN_ROOT", "~/.cache/aqgt/debian-bookworm")).expanduser()
_BASE = "debian:bookworm-slim"

_ENTER = """
set -e
lower=$1 layer=$2; shift 2
mount --make-rprivate /
mkdir -p "$layer/upper" "$layer/work" "$layer/root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$layer/upper,workdir=$layer/work" "$layer/root"
root=$layer/root
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
cp -L /etc/hosts "$root/etc/hosts" 2>/dev/null || true
while [ "$1" != -- ]; do  # folders and files of this machine, read-only: SOURCE=TARGET
  from=${1%%=*} to=$root${1#*=}
  if [ -d "$from" ]; then mkdir -p "$to"; else mkdir -p "$(dirname "$to")"; touch "$to"; fi
  mount --bind -o ro "$from" "$to"
  shift
done
shift
if [ -n "$OWN_NETWORK" ]; then ip link set lo up; fi
exec chroot "$@"
"""


@dataclass
class Stage:
    """What the instructions since a FROM have made."""

    layer: Path
    variables: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = ""
    entry_point: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def started(
        self,
        command: Sequence[str],
        binds: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        *,
        own_network: bool = False,
    ) -> list[str]:
        """The command line that runs a command in the stage; ``own_network``: nothing outside reaches it."""
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self.variables, **(environment or {})}
        user = [f"--userspec={self.user}"] if self.user else []
        inside = ["env", "-i", *(f"{k}={v}" for k, v in variables.items())]
        inside += ["sh", "-c", 'cd "$0" && exec "$@"', self.folder, *command]
        unshare = ["env", f"OWN_NETWORK={own_network or ''}", "unshare", *(["--net"] if own_network else [])]
        unshare += ["--mount", "--pid", "--fork", "--kill-child"]
        where = [*user, str(self.layer / "root")]
        return [
            *unshare,
            "bash",
            "-c",
            _ENTER,
            "enter",
            str(CACHE),
            str(self.layer),
            *binds,
            "--",
            *where,
            *inside,
        ]


def first_process(pid: int) -> int:
    """The first process of a container, to which signals go; ``pid`` is what `Stage.started` started."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def debian() -> None:
    """Make the Debian folder unless it is there; skips the test where this machine can't."""
    if os.geteuid() != 0:
        pytest.skip("a chroot needs root")
    for program in ("debootstrap", "unshare", "nsenter", "ip", "apt-get"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no mount namespace")
    if (CACHE / "ready").exists():
        return
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)"], capture_output=True, text=True
    ).stdout.splitlines()
    mirror = next((line.split()[1] for line in targets if line.startswith("Debian ")), None)
    if mirror is None:
        pytest.skip("apt knows no Debian mirror (apt-get update, then try again)")
    partial = CACHE.with_name(CACHE.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", "bookworm", str(partial), mirror], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"debootstrap failed: {made.stdout.strip().splitlines()[-1]}")
    (partial / "ready").touch()
    partial.rename(CACHE)


def build(checkout: Path, work: Path, arguments: Mapping[str, str]) -> Stage:
    """Carry out the Dockerfile of a checkout; the layers of its stages lie in ``work``."""
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for name, rest in instructions((checkout / "Dockerfile").read_text()):
        if name == "FROM":
            base, _, alias = rest.partition(" AS ")
            assert base == _BASE, f"the base {base} is not {_BASE}"
            stage = stages[alias or "last"] = Stage(work / (alias or "last"))
            (stage.layer / "upper").mkdir(parents=True)
            continue
        assert stage is not None
        _carry_out(name, rest, stage, stages, checkout, arguments)
    return stages["last"]


def instructions(text: str) -> list[tuple[str, str]]:
    """Name and rest of each instruction; comments and line ends are gone."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n", " ", "\n".join(lines)).splitlines()
    parts = (line.strip().partition(" ") for line in whole if line.strip())
    return [(name.upper(), rest.strip()) for name, _, rest in parts]


def _carry_out(
    name: str,
    rest: str,
    stage: Stage,
    stages: Mapping[str, Stage],
    checkout: Path,
    arguments: Mapping[str, str],
) -> None:
    if name == "ARG":
        key, _, default = rest.partition("=")
        stage.variables[key] = arguments.get(key, default)
    elif name == "ENV":
        stage.variables |= dict(part.split("=", 1) for part in shlex.split(rest))
    elif name == "WORKDIR":
        stage.folder = rest
        (stage.layer / "upper" / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif name == "USER":
        stage.user = rest
    elif name == "COPY":
        _copy(shlex.split(rest), stage, stages, checkout)
    elif name == "RUN":
        binds, environment = _package_index()
        command = stage.started(["sh", "-c", rest], binds, environment)
        ran = subprocess.run(command, capture_output=True, text=True, timeout=400)
        assert ran.returncode == 0, f"RUN {rest}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    elif name == "HEALTHCHECK":
        stage.health = json.loads(rest.partition("CMD ")[2])
    elif name == "ENTRYPOINT":
        stage.entry_point = json.loads(rest)
    elif name == "CMD":
        stage.command = json.loads(rest)
    else:
        assert name == "EXPOSE", f"the test does not know {name}"


def _copy(parts: list[str], stage: Stage, stages: Mapping[str, Stage], checkout: Path) -> None:
    *sources, target = parts
    root = checkout
    if sources[0].startswith("--from="):
        root = stages[sources.pop(0).removeprefix("--from=")].layer / "upper"
    into = stage.layer / "upper" / os.path.join(stage.folder, target).lstrip("/")
    left_out = shutil.ignore_patterns(*_left_out(checkout)) if root == checkout else None
    found = [root] if sources == ["."] else []
    for source in sources if not found else ():
        found += sorted(root.glob(source.strip("/")))
    assert found, f"nothing to COPY: {sources}"
    for path in found:
        if path.is_dir():
            shutil.copytree(path, into, ignore=left_out, dirs_exist_ok=True)
        else:
            place = into / path.name if target.endswith("/") else into
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)


def _left_out(checkout: Path) -> list[str]:
    lines = (checkout / ".dockerignore").read_text().split()
    return [line.removeprefix("**/") for line in lines if not line.startswith("!")]


def _package_index() -> tuple[list[str], dict[str, str]]:
    """What shows pip in the chroot where packages are found on this machine: files to bind, and variables."""
    variables = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    variables |= {key: value for key, value in os.environ.items() if key.lower().endswith("_proxy")}
    shown = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    binds = {"/etc/pip.conf": "/etc/pip.conf"} if os.path.isfile("/etc/pip.conf") else {}
    for line in shown.stdout.splitlines():
        name, _, values = line.partition("=")
        for value in values.strip("'\"").split():
            path = urllib.parse.unquote(value.removeprefix("file://"))
            if name.endswith(".cert"):
                # Under a name of its own, since Debian's packages write the usual one.
                binds[path] = variables["PIP_CERT"] = "/certificates.pem"
            elif path.startswith("/") and os.path.exists(path):
                binds[path] = path
    return [f"{source}={target}" for source, target in binds.items()], variables
