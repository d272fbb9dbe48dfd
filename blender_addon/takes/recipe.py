# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a motion again: the engine's request, and where its sound lies.

The sound itself is not kept, which would make a .blend six times as large as its takes; its hash is.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, fields, replace

import msgpack
import numpy as np

from aqgt.errors import AqgtError
from aqgt.protocol import wire
from aqgt.protocol.messages import PROTOCOL_VERSION, GenerateRequest


@dataclass(frozen=True)
class SoundSource:
    """Where a sound was read.

    Attributes:
        name: of the strip or file, for people.
        strip: name of the sequencer's strip; empty where a file was chosen.
        sound: name of the strip's sound data-block.
        filepath: of the sound file, as Blender keeps it (it may begin ``//``).
        skipped: seconds of the file before the first sample that was heard.
        seconds: how long it was heard.
    """

    name: str = ""
    strip: str = ""
    sound: str = ""
    filepath: str = ""
    skipped: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """Everything a motion came from but the samples of its sound.

    Attributes:
        request: what the engine was sent, for this one variant; its audio is empty.
        sound: where the audio is found.
        start: where the first sample lay on the timeline, in seconds.
        part: first frame, and the frame after the last, of the take's motion that the request makes, where a
            part alone was generated; None: all of it.
    """

    request: GenerateRequest
    sound: SoundSource
    start: float
    part: tuple[int, int] | None = None


def recipe(
    request: GenerateRequest,
    sound: SoundSource,
    start: float,
    seed: int,
    part: tuple[int, int] | None = None,
) -> Recipe:
    """The recipe of one variant of a request: the one with this seed."""
    silent = np.zeros(0, np.float32)
    return Recipe(replace(request, audio=silent, seed=seed, variants=1), sound, start, part)


def pack(one: Recipe) -> tuple[bytes, str]:
    """The request as the wire carries it (every field, arrays exact), and the sound as JSON."""
    sound = {**asdict(one.sound), "start": one.start, "part": one.part}
    return zlib.compress(wire.encode(one.request)), json.dumps(sound)


def unpack(request: bytes, sound: str) -> Recipe:
    """What `pack` was given; what an older version's requests did not hold is as it is by default.

    Raises:
        AqgtError: a version wrote it whose requests hold something this one does not know.
    """
    try:
        frame = msgpack.unpackb(zlib.decompress(request))
        # A file outlives the protocol: its version says who can talk to whom, not what a request means.
        read = wire.decode(msgpack.packb({**frame, "version": PROTOCOL_VERSION})).body
    except (AqgtError, zlib.error, ValueError) as error:
        raise AqgtError(
            "What this take was made from was written by another version of the add-on.",
            "Update the add-on, or press Generate for a new take.",
            "take-version",
        ) from error
    data = json.loads(sound)
    known = {field.name for field in fields(SoundSource)}
    source = SoundSource(**{key: data[key] for key in known & data.keys()})
    return Recipe(read, source, data["start"], tuple(data["part"]) if data.get("part") else None)
