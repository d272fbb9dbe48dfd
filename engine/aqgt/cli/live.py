# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt live`: gestures while the sound is still being made."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer


def live(
    audio: Annotated[
        Path | None, typer.Argument(help="Audio or video file, sent at the pace of its time.")
    ] = None,
    microphone: Annotated[
        bool, typer.Option("--microphone", help="Listen to the microphone instead, until Ctrl-C.")
    ] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", "--video", help="Where the motion goes: .npz, .bvh or .mp4; may be repeated."
        ),
    ] = None,
    text: Annotated[Path | None, typer.Option(help="What the file says, as plain text.")] = None,
    words: Annotated[Path | None, typer.Option(help="Timed words of the file (see `aqgt generate`).")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.3, help="Stop after so many seconds.")] = None,
    show: Annotated[
        bool, typer.Option("--open", help="Show the motion in the browser, as it comes.")
    ] = False,
    model: Annotated[
        str, typer.Option(help="Name of a model; published ones can't be used live.")
    ] = "compact",
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another motion.")] = 0,
    density: Annotated[
        float, typer.Option(min=0.0, max=2.0, help="How many gestures the planner makes; 1 = usual.")
    ] = 1.0,
    energy: Annotated[
        float, typer.Option(min=0.0, max=2.0, help="How large the planner's gestures are; 1 = usual.")
    ] = 1.0,
    language: Annotated[str, typer.Option(help="Language of the speech.")] = "en",
    engine: Annotated[
        str | None, typer.Option(help="Address of a running engine; without it one is started for this.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Your key file, where the engine wants one.", metavar="FILE")
    ] = None,
) -> None:
    """Make gestures for a voice while it speaks, two seconds behind it."""
    from aqgt.cli.inputs import read_sound, words_of
    from aqgt.cli.live_view import LiveView
    from aqgt.cli.outputs import MOTION_SUFFIXES, require_suffix
    from aqgt.cli.own_engine import own_engine
    from aqgt.cli.progress import note
    from aqgt.errors import AqgtError
    from aqgt.protocol.client import EngineClient
    from aqgt.protocol.messages import SAMPLE_RATE, LiveRequest

    if (audio is None) == (not microphone):
        raise AqgtError("There is no one source of sound.", "Name a file, or give --microphone.", "bad-usage")
    if microphone and (text is not None or words is not None):
        raise AqgtError("Words are known of a file alone.", "Leave --text and --words away.", "bad-usage")
    for path in output or []:
        require_suffix(path, MOTION_SUFFIXES)
    sound: Any = None
    timed: tuple = ()
    if audio is not None:
        sound = read_sound(audio)
        timed = words_of(sound, text, words, language)
        sound = sound if seconds is None else sound[: round(seconds * SAMPLE_RATE)]
    request = LiveRequest(model=model, seed=seed, density=density, energy=energy, language=language)
    with ExitStack() as stack:
        address = engine or stack.enter_context(own_engine())
        client = stack.enter_context(EngineClient(address, name="aqgt live", key_file=key))
        job = stack.enter_context(client.live(request))
        view = None
        if show:
            view = LiveView(job.started.fps, job.started.lengths, job.started.look_ahead)
            stack.callback(view.close)
            note(f"The motion is shown at {view.address}")
            _open_browser(view.address)
        for sentence in job.started.notes:
            note(sentence)
        recorder = Recorder(job, view, timed, keep_sound=bool(output))
        recorder.run(sound, seconds)
    for path in output or []:
        note(f"{recorder.write(path)}: {recorder.motion().duration:.1f} s.")
    note(recorder.summary())


class Recorder:
    """Sends sound to a live job, shows and keeps what comes back, and measures how long that takes.

    Args:
        job: the live job.
        view: where frames are shown, or None.
        words: timed words; each is sent with the sound it begins in.
        keep_sound: whether the sound is wanted at the end.
    """

    def __init__(self, job: Any, view: Any, words: tuple, *, keep_sound: bool) -> None:
        self._job, self._view, self._words, self._keep_sound = job, view, list(words), keep_sound
        self._said: list[Any] = []
        self._sound: list[Any] = []
        self._frames: list[Any] = []
        self._sent_at: list[tuple[float, float]] = []
        self.latencies: list[float] = []

    def run(self, sound: Any, seconds: float | None) -> None:
        """Send all sound, then wait for the last frames; ``sound`` None: the microphone's."""
        from aqgt.cli.live_sources import of_microphone, of_recording

        pieces = of_microphone(seconds, self._idle) if sound is None else of_recording(sound, self._idle)
        for piece in pieces:
            self._send(piece)
        self._keep(self._job.finish())

    def _send(self, piece: Any) -> None:
        from aqgt.protocol.messages import SAMPLE_RATE

        until = self._job.seconds + len(piece) / SAMPLE_RATE
        begun = [word for word in self._words if word.start < until]
        self._words = self._words[len(begun) :]
        self._said += begun
        self._sent_at.append((until, time.monotonic()))
        self._job.send(piece, begun)
        if self._keep_sound:
            self._sound.append(piece)

    def _idle(self, seconds: float) -> None:
        self._keep(self._job.frames(seconds))

    def _keep(self, frames: list[Any]) -> None:
        now = time.monotonic()
        for each in frames:
            self._frames.append(each)
            if self._view is not None:
                self._view.show(each.start_frame, each.bone_vectors)
            needed = each.start_frame / self._job.started.fps + self._job.started.look_ahead
            while self._sent_at and self._sent_at[0][0] < needed - 1e-6:
                self._sent_at.pop(0)
            if self._sent_at:  # the last window waits for no more sound, but for the end
                self.latencies.append(now - self._sent_at[0][1])

    def motion(self) -> Any:
        """All frames as one motion."""
        import numpy as np

        from aqgt.motion import Motion

        started = self._job.started
        return Motion(
            started.fps, np.concatenate([each.bone_vectors for each in self._frames]), started.lengths
        )

    def write(self, path: Path) -> Path:
        """Write the motion in the format of the path's suffix."""
        import numpy as np

        from aqgt.cli.outputs import write_result
        from aqgt.protocol.messages import GenerateResult

        spans = tuple(span for each in self._frames for span in each.spans)
        result = GenerateResult((self.motion(),), (spans,), (), (self._job.result.provenance,))
        return write_result(path, result, self._said, np.concatenate(self._sound), 0)

    def summary(self) -> str:
        """What was measured, in a sentence."""
        from statistics import median

        started = self._job.started
        made = f"{self._job.result.frames} frames at {started.fps:g} per second"
        if not self.latencies:
            return f"{made}; the sound was too short to measure how soon they come."
        middle, worst = 1000 * median(self.latencies), 1000 * max(self.latencies)
        return (
            f"{made}. From the end of the sound they need to their arrival: {middle:.0f} ms (median), "
            f"{worst:.0f} ms (longest of {len(self.latencies)} windows); the look-ahead of "
            f"{started.look_ahead:.2f} s comes on top."
        )


def _open_browser(address: str) -> None:
    import webbrowser

    webbrowser.open(address)
