# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the project's data files lie: inside the installed package, else in the checkout."""

from __future__ import annotations

from pathlib import Path

from aqgt.errors import AqgtError

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def data_path(kind: str, *parts: str) -> Path:
    """The path of ``kind/parts`` (kind: ``"rigs"`` or ``"configs"``).

    Raises:
        AqgtError: no such file or folder in the package or the checkout.
    """
    for root in (_PACKAGE / "_data", _CHECKOUT):
        path = root.joinpath(kind, *parts)
        if path.exists():
            return path
    wanted = "/".join((kind, *parts))
    raise AqgtError(
        f"The data file “{wanted}” is missing.", "Reinstall aqgt or complete the checkout.", "no-data"
    )
