# SPDX-License-Identifier: GPL-3.0-or-later
"""What is checked before an import begins; each refusal names the next step."""

from __future__ import annotations

from pathlib import Path

from aqgt.errors import AqgtError
from aqgt.models import registry
from aqgt.models.config import read_config
from aqgt.models.exchange.tree import Sources


def check_name(name: str, root: Path, *, is_user_folder: bool) -> None:
    """Refuses a name under which another model would be found: `registry.folder_of` looks elsewhere first."""
    if not is_user_folder:
        return
    taken = registry.folder_of(name) if name in registry.available() else None
    if name == registry.DEBUG or (taken is not None and taken.parent != root):
        raise AqgtError(
            f"There is a model “{name}” already, in {taken or 'aqgt itself'}, which would be found instead.",
            "Choose another name.",
            "name-taken",
        )


def check_sources(sources: Sources, target: Path, replace: bool) -> None:
    """Refuses files that are not there, and what does not fit a model that is there already, or none.

    Args:
        target: the model's folder.
        replace: whether a model in its place may be replaced.
    """
    for name, path in sources.given().items():
        if not path.exists():
            raise AqgtError(f"There is no file “{path}” ({name}).", "Check the path.", "no-file")
    is_model = (target / registry.CONFIG).is_file()
    if target.exists() and not is_model:
        raise AqgtError(
            f"“{target}” exists and is no model.", "Move it, or choose another name.", "name-taken"
        )
    if sources.generator is None:
        _check_addition(sources, target, is_model)
    elif is_model and not replace:
        raise AqgtError(
            f"There is a model {target} already.", "Choose another name, or add --replace.", "name-taken"
        )
    elif sources.means is None:
        raise AqgtError(
            "The generator needs the mean pose of its training data.",
            "Give it: --means means.p (it lies beside “pretrained”).",
            "no-means",
        )


def _check_addition(sources: Sources, target: Path, is_model: bool) -> None:
    if not is_model:
        raise AqgtError(
            f"No generator is given, and there is no model {target} to add to.",
            "Give --root FOLDER of the original, or --generator FILE.",
            "no-generator",
        )
    if sources.means is not None:
        raise AqgtError(
            "The mean pose belongs to the generator.", "Import both together, with --replace.", "no-generator"
        )
    if not sources.given():
        raise AqgtError("There is nothing to import.", "Give --root FOLDER, or single files.", "no-file")
    if read_config(target / registry.CONFIG).published is None:
        raise AqgtError(
            f"The model {target} is none of the published ones.", "Name an imported model.", "wrong-model"
        )
