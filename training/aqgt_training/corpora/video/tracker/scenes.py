# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a video cuts to another scene (PySceneDetect), fed with pictures that were decoded already."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scenedetect import AdaptiveDetector, ContentDetector, FrameTimecode

LOOK_AT = 160
"""Width of the pictures that scenes are found in; cuts show in small ones as well."""


class Cuts:
    """Collects the first frame of each scene while pictures pass."""

    def __init__(self, method: str, threshold: float, shortest: int, fps: float) -> None:
        kinds = {"content": ContentDetector, "adaptive": AdaptiveDetector}
        key = "threshold" if method == "content" else "adaptive_threshold"
        self._detector = kinds[method](**{key: threshold}, min_scene_len=shortest)
        self._fps = float(fps)
        self.starts: list[int] = [0]
        self.n_frames = 0

    def look(self, small: NDArray[np.uint8]) -> None:
        """The next picture, BGR."""
        self._note(self._detector.process_frame(FrameTimecode(self.n_frames, self._fps), small))
        self.n_frames += 1

    def finish(self) -> list[tuple[int, int]]:
        """All scenes: first frame, and the one after the last."""
        self._note(self._detector.post_process(FrameTimecode(max(self.n_frames - 1, 0), self._fps)))
        starts = sorted({start for start in self.starts if start < self.n_frames})
        return list(zip(starts, [*starts[1:], self.n_frames], strict=True)) if self.n_frames else []

    def _note(self, cuts: list[FrameTimecode]) -> None:
        self.starts += [cut.frame_num for cut in cuts]
