# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's log on standard error: lines for people, or JSON lines for programs; both name the job."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_EXTRA = ("job", "client", "worker")


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        found = [f"{name}={getattr(record, name)}" for name in _EXTRA if hasattr(record, name)]
        return f"{line} [{' '.join(found)}]" if found else line


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: getattr(record, name) for name in _EXTRA if hasattr(record, name)}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def set_up_logging(form: str) -> None:
    """Log to standard error from now on; ``form`` is ``"text"`` or ``"json"``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else _Text())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def printable(text: str, most: int = 80) -> str:
    """What a client says of itself, harmless in a log: one line of visible characters."""
    return "".join(character if character.isprintable() else "?" for character in text[:most])
