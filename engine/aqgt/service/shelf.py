# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that a worker holds in memory."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aqgt.service.memory import weight_bytes

log = logging.getLogger("aqgt.backend")


class ModelShelf:
    """Models in memory; the one used longest ago makes room.

    Args:
        most: how many.
        most_mib: how much memory their weights may take; a single model may take more. None: any.
    """

    def __init__(self, most: int, most_mib: int | None = None) -> None:
        self._most, self._most_mib = most, most_mib
        self._models: OrderedDict[str, tuple[Any, float]] = OrderedDict()

    @property
    def names(self) -> tuple[str, ...]:
        """The models in memory, the one used last at the end."""
        return tuple(self._models)

    def get(self, name: str, load: Callable[[], Any]) -> Any:
        """A model, loaded where it is not in memory."""
        if name not in self._models:
            # Room is made first, so that one more than allowed is never in memory.
            while len(self._models) >= self._most:
                self._unload_one()
            model = load()
            self._models[name] = (model, weight_bytes(model) / 2**20)
            while self._too_large() and len(self._models) > 1:
                self._unload_one()
        self._models.move_to_end(name)
        return self._models[name][0]

    def _unload_one(self) -> None:
        name, _ = self._models.popitem(last=False)
        log.info("the model %s is unloaded", name)

    def _too_large(self) -> bool:
        return self._most_mib is not None and sum(size for _, size in self._models.values()) > self._most_mib
