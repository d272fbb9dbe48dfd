# SPDX-License-Identifier: GPL-3.0-or-later
"""Time that the extension takes in Blender's window: enabling, drawing its tab, drawing 2,000 words, and
holding Blender while Generate takes a voice of ten minutes.

    make extension && .venv/bin/python benchmarks/extension_speed.py [speed] [speech] [sending]

Needs the folder with Debian sid that `make test-gui` makes ($AQGT_GUI_ROOT, else ~/.cache/aqgt/debian-sid).
Draws are timed in Python, on a software renderer; a busy machine only adds.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import wave
from pathlib import Path

import zmq

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from tests.gui.window import newest_zip, run_scenario  # noqa: E402

VOICE = CHECKOUT / "examples/voice/sense_and_sensibility.wav"
MINUTES = 10


def write_long_voice(path: Path) -> None:
    """The voice over and over again."""
    with wave.open(str(VOICE), "rb") as file:
        parameters, sound = file.getparams(), file.readframes(file.getnframes())
    wanted = MINUTES * 60 * parameters.framerate * parameters.sampwidth * parameters.nchannels
    with wave.open(str(path), "wb") as file:
        file.setparams(parameters)
        file.writeframes((sound * (wanted // len(sound) + 1))[:wanted])


def start_listener() -> str:
    """What stands for an engine: it answers heartbeats, takes requests and never works; its address."""
    socket = zmq.Context.instance().socket(zmq.ROUTER)
    port = socket.bind_to_random_port("tcp://127.0.0.1")

    def listen() -> None:
        while True:
            client, frame = socket.recv_multipart()
            if b"Heartbeat" in frame[:200]:
                socket.send_multipart([client, frame])

    threading.Thread(target=listen, daemon=True).start()
    return f"tcp://127.0.0.1:{port}"


def main() -> int:
    """Run the scenarios and print what they measured."""
    root = Path(os.environ.get("AQGT_GUI_ROOT", Path.home() / ".cache" / "aqgt" / "debian-sid"))
    if not root.is_dir():
        print(f"There is no {root}. Run `make test-gui` first.", file=sys.stderr)
        return 1
    told: list[str] = []
    for scenario in sys.argv[1:] or ("speed", "speech", "sending"):
        with tempfile.TemporaryDirectory(prefix="aqgt-speed-") as folder:
            shutil.copy(VOICE, Path(folder) / "voice.wav")
            if scenario == "sending":
                write_long_voice(Path(folder) / "voice.wav")
                shutil.copy(CHECKOUT / "rigs/characters/mh_mixamo_male.glb", Path(folder) / "character.glb")
                (Path(folder) / "engine.txt").write_text(start_listener())
            told += run_scenario(root, newest_zip(), Path(folder), scenario).splitlines()
    print("enabling: seconds of the clock, and of the processor; just installed, then with compiled modules")
    print("panels and the whole tab, milliseconds per draw: median, 95th percentile, slowest by the clock;")
    print("the same of the processor's time, which other programs do not add to")
    print(
        "words, by editor and view: draws, then milliseconds: fastest, median, 95th percentile, slowest; both"
    )
    print("held, by kind of sound: ticks, then milliseconds: worst, median; both of the processor's time")
    wanted = ("ENABLED", "PANEL ", "TAB ", "TIMES ", "HELD ", "THEN ")
    print(*(line for line in told if line.startswith(wanted)), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
