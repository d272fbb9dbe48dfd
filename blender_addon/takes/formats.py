# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats in which takes can be written, for menus and names of files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aqgt.errors import AqgtError


@dataclass(frozen=True)
class Format:
    """One way to write a take.

    Attributes:
        title: what the menu says.
        about: what the file holds.
        suffix: end of the file's name.
    """

    title: str
    about: str
    suffix: str


FORMATS: dict[str, Format] = {
    "BVH": Format("BVH (skeleton)", "Motion on the metric reference skeleton", ".bvh"),
    "BVH_CHARACTER": Format("BVH (character)", "The character's bones with the motion", ".bvh"),
    "FBX": Format("FBX", "The character with the motion", ".fbx"),
    "GLB": Format("glTF binary", "The character with the motion", ".glb"),
    "USD": Format("USD", "The character with the motion", ".usdc"),
    "VRMA": Format("VRM animation", "The motion for any VRM character", ".vrma"),
    "SMPLX": Format("SMPL-X NPZ", "Poses under the keys of BEAT2 and AMASS", ".npz"),
    "NPZ": Format("NPZ", "The motion with its words, annotations and origin", ".npz"),
}
"""Key to format, in the order of the menu."""


def kind_of(path: Path) -> str:
    """The format that a name's end says; a motion alone for .bvh and .npz.

    Raises:
        AqgtError: no format ends so.
    """
    for kind, one in FORMATS.items():
        if one.suffix == path.suffix.lower() and kind not in ("SMPLX", "BVH_CHARACTER"):
            return kind
    ends = ", ".join(dict.fromkeys(one.suffix for one in FORMATS.values()))
    raise AqgtError(
        f"“{path.name}” is no file this add-on writes.", f"End the name in one of {ends}.", "bad-suffix"
    )
