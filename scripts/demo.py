# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: a voice in, a gesturing character out. It uses only what users use.

Blender (without a window) installs the built extension, imports a character, takes the voice into its
sequencer, reads a transcript and two annotation markers, and lets the engine generate. What comes of it:

    out/demo/character.blend   the character with its gestures as an action on an NLA track, and the voice
    out/demo/preview.mp4       what that looks and sounds like
    out/demo/gestures.bvh      the motion alone, on a metric skeleton
    out/demo/gestures.npz      the motion with words, annotations and where it comes from
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts"
VOICE = ROOT / "examples" / "voice" / "sense_and_sensibility.wav"
CHARACTER = ROOT / "rigs" / "characters" / "mh_mixamo_male.glb"
SCENE_FPS = 30
FRAME_STEP = 2
"""Every second frame of the scene is rendered: 15 a second, as many as the model makes."""
RENDERERS = 2
LOOK_SECONDS = 1.0
"""Seconds between two looks at the renderers."""


class DemoError(Exception):
    """A sentence for the user: what is wrong and what to do."""


class Steps:
    """What was done, and how long each took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.rows: list[tuple[str, float]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step."""
        begin = time.perf_counter()
        yield
        self.add(name, time.perf_counter() - begin)

    def add(self, name: str, seconds: float) -> None:
        """Note a step that was timed elsewhere."""
        self.rows.append((name, seconds))
        self.console.print(f"    {name}: {seconds:.1f} s")

    def table(self, out: Path) -> Table:
        """All steps and all files."""
        table = Table(title=f"The demo lies in {out}")
        table.add_column("step or file")
        table.add_column("seconds or size", justify="right")
        for name, seconds in self.rows:
            table.add_row(name, f"{seconds:.1f} s")
        table.add_section()
        for path in sorted(out.iterdir()):
            table.add_row(path.name, f"{path.stat().st_size / 1e6:.1f} MB")
        return table


def newest_zip() -> Path:
    """The extension built last."""
    found = sorted((ROOT / "dist").glob("aqgt_gestures-*.zip"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise DemoError("There is no extension in dist/. Build it: make extension")
    return found[-1]


def make_scene(arguments: argparse.Namespace, steps: Steps) -> None:
    """Run Blender's part in a fresh user folder; its steps join the table."""
    with tempfile.TemporaryDirectory(prefix="aqgt-demo-") as user:
        environment = {**os.environ, "BLENDER_USER_RESOURCES": user}
        # A copy of the project on the path would hide the extension's wheels.
        environment.pop("PYTHONPATH", None)
        command = [str(arguments.blender_python), str(SCRIPTS / "demo_in_blender.py")]
        command += ["--zip", str(newest_zip()), "--engine-python", sys.executable]
        command += [
            "--character",
            str(CHARACTER),
            "--voice",
            str(VOICE),
            "--text",
            str(VOICE.with_suffix(".txt")),
        ]
        command += ["--out", str(arguments.out), "--model", arguments.model, "--seed", str(arguments.seed)]
        log = arguments.out / "blender.log"
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            assert process.stdout is not None
            last = ""
            for line in process.stdout:
                output.write(line)
                last = line.strip() or last
                if line.startswith("STEP "):
                    _, seconds, name = line.strip().split(" ", 2)
                    steps.add(name, float(seconds))
        if process.wait() != 0:
            raise DemoError(f"Blender's part failed: {last}\nIts whole output: {log}")
        log.unlink()


def render(arguments: argparse.Namespace, folder: Path, n_frames: int) -> list[Path]:
    """Pictures of every second frame, by as many processes as are worth it on two cores."""
    frames = list(range(1, n_frames + 1, FRAME_STEP))
    shares = [share for share in np.array_split(frames, RENDERERS) if len(share)]
    blend, log = arguments.out / "character.blend", folder / "render.log"
    command = [str(arguments.blender_python), str(SCRIPTS / "demo_render.py"), str(blend), str(folder)]
    with log.open("w", encoding="utf-8") as output:
        processes = [
            subprocess.Popen(
                [*command, str(share[0]), str(share[-1]), str(FRAME_STEP)], stdout=output, stderr=output
            )
            for share in shares
        ]
        with frames_bar(arguments.console, len(frames)) as advance:
            while any(process.poll() is None for process in processes):
                time.sleep(LOOK_SECONDS)
                advance(len(list(folder.glob("*.png"))))
    pictures = sorted(folder.glob("*.png"))
    if len(pictures) != len(frames):
        tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-5:])
        raise DemoError(f"Blender rendered {len(pictures)} of {len(frames)} frames:\n{tail}")
    return pictures


@contextmanager
def frames_bar(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar of the frames."""
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("    rendering", total=total)
        yield lambda done: bar.update(task, completed=done)


def encode(pictures: list[Path], voice: Path, target: Path, fps: int) -> None:
    """H.264 with AAC; the voice begins with the first picture."""
    with (
        av.open(str(target), "w", options={"movflags": "faststart"}) as output,
        av.open(str(voice)) as source,
    ):
        first = np.asarray(Image.open(pictures[0]))
        video = output.add_stream("libx264", rate=fps, options={"crf": "20", "preset": "fast"})
        video.height, video.width, video.pix_fmt = first.shape[0], first.shape[1], "yuv420p"
        sound = output.add_stream("aac", rate=source.streams.audio[0].rate)
        for picture in pictures:
            image = av.VideoFrame.from_ndarray(np.asarray(Image.open(picture)), format="rgb24")
            output.mux(video.encode(image))
        output.mux(video.encode(None))
        for heard in source.decode(audio=0):
            output.mux(sound.encode(heard))
        output.mux(sound.encode(None))


def frames_of(voice: Path) -> int:
    """Frames of the scene that the voice fills."""
    with av.open(str(voice)) as source:
        seconds = float(source.duration or 0) / av.time_base
    return round(seconds * SCENE_FPS)


def main() -> int:
    """Make the demo; the exit code is 0, or 1 with a sentence."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "demo", help="folder for the files")
    parser.add_argument("--model", default="compact", help="model of the engine")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another motion")
    parser.add_argument("--no-video", action="store_true", help="leave the rendering out")
    parser.add_argument("--blender-python", type=Path, default=ROOT / ".venv-blender" / "bin" / "python")
    arguments = parser.parse_args()
    arguments.out = arguments.out.resolve()
    arguments.out.mkdir(parents=True, exist_ok=True)
    arguments.console = console = Console()
    steps = Steps(console)
    begin = time.perf_counter()
    try:
        if not arguments.blender_python.exists():
            raise DemoError(f"There is no Blender at {arguments.blender_python}. Make it: make setup")
        console.print("==> Blender: install, import, generate, retarget")
        make_scene(arguments, steps)
        if not arguments.no_video:
            with tempfile.TemporaryDirectory(prefix="aqgt-frames-") as folder:
                console.print("==> preview.mp4")
                with steps.step("render"):
                    pictures = render(arguments, Path(folder), frames_of(VOICE))
                with steps.step("encode"):
                    encode(pictures, VOICE, arguments.out / "preview.mp4", SCENE_FPS // FRAME_STEP)
    except DemoError as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1
    steps.add("all", time.perf_counter() - begin)
    console.print(steps.table(arguments.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
