# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt retarget`: a motion onto a character, by way of Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

MOTIONS = (".npz", ".bvh")
CHARACTERS = (".blend", ".glb", ".gltf", ".vrm", ".fbx")
OUTPUTS = (".blend", ".fbx", ".glb", ".usd", ".usda", ".usdc", ".usdz", ".bvh", ".vrma", ".npz")


def retarget(
    motion: Annotated[Path, typer.Argument(help="Motion: NPZ as `aqgt generate` writes it, or BVH.")],
    character: Annotated[Path, typer.Argument(help="Character: .blend, .glb, .gltf, .vrm or .fbx.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Ends in .blend, .fbx, .glb, .usd, .bvh (the character's bones), .vrma or .npz (SMPL-X).",
        ),
    ],
    armature: Annotated[
        str | None, typer.Option(help="Name of the armature, where there are several.")
    ] = None,
    bones: Annotated[
        Path | None, typer.Option(help="Bones saved in Blender's panel (JSON, TOML), or a bone map (TOML).")
    ] = None,
    fps: Annotated[float, typer.Option(min=1, max=240, help="Frame rate; a .blend keeps its own.")] = 30.0,
    smoothing: Annotated[str, typer.Option(help="none, light or strong.")] = "light",
    leave_out: Annotated[
        list[str] | None,
        typer.Option(help="A part that is not to move, such as head or left_arm. Repeatable."),
    ] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="Exchange left and right.")] = False,
    keep_out: Annotated[bool, typer.Option(help="Keep hands out of the body.")] = True,
    key_error: Annotated[
        float, typer.Option(min=0.0, help="Leave out keys within this many degrees; 0 keys every frame.")
    ] = 0.0,
    blender: Annotated[
        str | None, typer.Option(help="Blender, or a Python with bpy. Else $BLENDER, the PATH, this Python.")
    ] = None,
) -> None:
    """Lay a motion on a character and write it for Blender, game engines and other programs."""
    from aqgt.cli.inputs import require_file
    from aqgt.cli.outputs import require_suffix
    from aqgt.cli.progress import note, stages
    from aqgt.errors import AqgtError
    from aqgt.retarget import PARTS
    from aqgt.studio.blender import find_blender, run_job

    require_suffix(output, OUTPUTS)
    require_file(motion, "motion")
    require_file(character, "character")
    for path, allowed, what in ((motion, MOTIONS, "motion"), (character, CHARACTERS, "character")):
        if path.suffix.lower() not in allowed:
            raise AqgtError(f"“{path}” is no {what}.", f"Give one of {', '.join(allowed)}.", f"bad-{what}")
    unknown = [part for part in leave_out or () if part not in PARTS]
    if unknown:
        raise AqgtError(
            f"“{unknown[0]}” is no part of the body.", f"Name one of {', '.join(PARTS)}.", "bad-option"
        )
    settings: dict[str, Any] = {
        "smoothing": smoothing,
        "mirror": mirror,
        "keep_out": keep_out,
        "key_error": key_error,
        **{f"use_{part}": False for part in leave_out or ()},
    }
    job = {
        "kind": "retarget",
        "motion": str(motion.absolute()),
        "character": str(character.absolute()),
        "output": str(output.absolute()),
        "armature": armature,
        "bones": None if bones is None else str(bones.absolute()),
        "fps": fps,
        "settings": settings,
    }
    program = find_blender(blender)
    with stages(f"Retargeting onto {character.name}") as advance:
        done = run_job(program, job, on_progress=lambda share, _: advance(share))
    for sentence in done["notes"]:
        note(sentence)
    note(f"{output}: {done['bones']} bones move.")
