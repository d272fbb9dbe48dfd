# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing whole files, with errors a user can act on."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError

PathLike = str | os.PathLike[str]


def read_bytes(path: PathLike) -> bytes:
    """The content of a file.

    Raises:
        AqgtError: there is no such file, or it can't be read.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise AqgtError(f"There is no file “{path}”.", "Check the path.", "no-file") from None
    except OSError as error:
        raise AqgtError(
            f"The file “{path}” can't be read ({error.strerror}).",
            "Check the path and its permissions.",
            "no-file",
        ) from None


def read_text(path: PathLike) -> str:
    """The content of a UTF-8 file, with or without a byte order mark.

    Raises:
        AqgtError: there is no such file, or it holds something else than UTF-8 text.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AqgtError(f"“{path}” is not a text file in UTF-8.", "Save it as UTF-8.", "bad-file") from None


def read_json(path: PathLike) -> Any:
    """The content of a JSON file.

    Raises:
        AqgtError: there is no such file, or it is not JSON.
    """
    return parse_json(read_text(path), f"“{path}”")


def parse_json(text: str, what: str) -> Any:
    """The value of a JSON text; ``what`` names it in errors."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise AqgtError(
            f"{what} is not JSON{where}.", "Check that it is the right file.", "bad-file"
        ) from None


def write_bytes(path: PathLike, content: bytes) -> None:
    """Write a file whole or not at all: a failure leaves the file that was there.

    Raises:
        AqgtError: the folder is missing or not writable.
    """
    path = Path(path)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise AqgtError(
            f"“{path}” can't be written ({error.strerror}).",
            "Choose a folder that exists and is writable.",
            "no-file",
        ) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: PathLike, text: str) -> None:
    """Write a UTF-8 file whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def dump_json(value: Any) -> str:
    """JSON as people read it: indented, letters as they are."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
