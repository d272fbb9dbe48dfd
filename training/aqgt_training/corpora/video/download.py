# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads videos and subtitles with yt-dlp, which lives in the video environment like the tracker."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from aqgt.errors import AqgtError
from aqgt.formats.files import read_text
from aqgt_training.corpora.video.tracking import candidate_pythons

OFFLINE = re.compile(
    r"name resolution|name or service not known|getaddrinfo|network is unreachable|no route to host|"
    r"failed to resolve|proxyerror|tunnel connection failed|unable to connect to proxy|connection refused",
    re.IGNORECASE,
)
"""What yt-dlp's errors say where there is no network."""


def read_links(path: Path) -> list[str]:
    """The addresses in a text file, one a line, each once; what follows a ``#`` after a space is a comment.

    Raises:
        AqgtError: there is no such file, or no address in it, or a line is none.
    """
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in read_text(path).splitlines()]
    found = list(dict.fromkeys(line for line in lines if line))
    wrong = [line for line in found if not re.match(r"https?://\S+$", line)]
    if wrong or not found:
        raise AqgtError(
            f"“{wrong[0]}” in “{path}” is no address." if wrong else f"“{path}” holds no addresses.",
            "Write one address a line, beginning with https://.",
            "bad-links",
        )
    return found


def download_videos(
    addresses: Sequence[str],
    output: Path,
    *,
    language: str = "en",
    height: int = 720,
    progress: Callable[[str, str | None], None] = lambda address, problem: None,
) -> dict[str, str]:
    """Download each address; one that fails does not stop the others.

    Returns:
        address → what went wrong, of those that failed.

    Raises:
        AqgtError: yt-dlp is not there, or the first failure says that there is no network.
    """
    program = downloader()
    output.mkdir(parents=True, exist_ok=True)
    failed: dict[str, str] = {}
    for address in addresses:
        problem = _download(program, address, output, language, height)
        if problem and OFFLINE.search(problem):
            raise AqgtError(
                f"The network can't be reached: {problem}",
                "Go online and run the same command again, or put videos into a folder yourself and use "
                "`aqgt-train corpus video`, which needs no network.",
                "offline",
            )
        if problem:
            failed[address] = problem
        progress(address, problem)
    return failed


def downloader() -> list[str]:
    """The command that starts yt-dlp: of the video environment, else the one on the path.

    Raises:
        AqgtError: there is none.
    """
    for python in candidate_pythons():
        command = [str(python), "-m", "yt_dlp"]
        if (
            python.exists()
            and subprocess.run([*command, "--version"], capture_output=True, check=False).returncode == 0
        ):
            return command
    if found := shutil.which("yt-dlp"):
        return [found]
    raise AqgtError(
        "yt-dlp, which downloads videos, is not installed.",
        f"Make the video environment with `make video`, or: {sys.executable} -m pip install yt-dlp",
        "no-downloader",
    )


def _download(program: Sequence[str], address: str, output: Path, language: str, height: int) -> str | None:
    """What went wrong, or None."""
    command = [
        *program,
        "--no-playlist",
        "--no-progress",
        "--format",
        # One file with picture and sound comes first: joining two needs ffmpeg's program.
        f"b[height<={height}]/bv*[height<={height}]+ba/b",
        "--write-subs",
        "--write-auto-subs",
        "--sub-langs",
        f"{language},{language}-orig",
        "--sub-format",
        "vtt/srt/best",
        "--no-overwrites",
        "--output",
        str(output / "%(title).120B [%(id)s].%(ext)s"),
        "--",
        address,
    ]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if result.returncode == 0:
        return None
    errors = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
    return (errors or result.stderr.splitlines() or ["yt-dlp ended with an error"])[-1].removeprefix(
        "ERROR: "
    )
