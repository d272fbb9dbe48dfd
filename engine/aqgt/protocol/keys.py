# SPDX-License-Identifier: GPL-3.0-or-later
"""Key files for connections that leave this machine (CurveZMQ, as libzmq implements it).

A folder made by `new_keys` holds ``engine.key`` (stays with the engine), ``clients/NAME.pub`` (whom the
engine lets in) and ``NAME.key`` for each client (goes to that client, and is all that it needs).
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import zmq

from aqgt.errors import AqgtError

ENGINE_KEY = "engine.key"
ALLOWED = "clients"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}")
_LENGTH = 40
"""Characters of a key in Z85."""


@dataclass(frozen=True)
class EngineKeys:
    """The engine's own pair."""

    public: bytes
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class ClientKeys:
    """A client's pair, and the engine's public key, by which it knows that it talks to the right one."""

    public: bytes
    secret: bytes = field(repr=False)
    engine: bytes


def new_keys(folder: Path, client: str = "client") -> Path:
    """Make the keys of a client, and of the engine where the folder has none yet; returns the client's file.

    Raises:
        AqgtError: the name is no name or is taken, or the folder cannot be written to.
    """
    if not zmq.has("curve"):
        raise AqgtError(
            "This pyzmq was built without encryption.", "Install pyzmq from its wheels.", "no-encryption"
        )
    if not _NAME.fullmatch(client) or f"{client}.key" == ENGINE_KEY:
        raise AqgtError(
            f"“{client}” is no name for a client.",
            "Use letters, digits, - and _, and another name than “engine”.",
            "bad-name",
        )
    target, listed = folder / f"{client}.key", folder / ALLOWED / f"{client}.pub"
    if target.exists() or listed.exists():
        raise AqgtError(
            f"There are keys for “{client}” in {folder} already.",
            f"Choose another name, or delete {target.name} and {ALLOWED}/{listed.name} to lock it out.",
            "name-taken",
        )
    try:
        listed.parent.mkdir(parents=True, exist_ok=True)
        if not (folder / ENGINE_KEY).exists():
            public, secret = zmq.curve_keypair()
            _write(
                folder / ENGINE_KEY, "The engine's keys. Keep this file secret.", public=public, secret=secret
            )
        engine = read_engine_keys(folder)
        public, secret = zmq.curve_keypair()
        _write(
            target,
            "A client's keys. Keep this file secret.",
            public=public,
            secret=secret,
            engine=engine.public,
        )
        _write(listed, f"The engine lets {client} in as long as this file is here.", public=public)
    except OSError as error:
        raise AqgtError(
            f"Keys cannot be written to {folder} ({error}).", "Choose another folder.", "no-keys"
        ) from error
    return target


def read_engine_keys(folder: Path) -> EngineKeys:
    """The engine's pair in a folder of keys.

    Raises:
        AqgtError: there is none, or the file is damaged.
    """
    values = _read(folder / ENGINE_KEY, ("public", "secret"))
    return EngineKeys(values["public"], values["secret"])


def read_client_keys(path: Path) -> ClientKeys:
    """What a client needs, from its key file.

    Raises:
        AqgtError: there is none, or the file is damaged.
    """
    values = _read(path, ("public", "secret", "engine"))
    return ClientKeys(values["public"], values["secret"], values["engine"])


def allowed_clients(folder: Path) -> dict[bytes, str]:
    """Public key -> name of the clients that the engine lets in.

    Raises:
        AqgtError: a file among them is damaged.
    """
    listed = sorted((folder / ALLOWED).glob("*.pub"))
    return {_read(path, ("public",))["public"]: path.stem for path in listed}


def _write(path: Path, comment: str, **keys: bytes) -> None:
    lines = [f"# {comment}", *(f"{name} = '{key.decode('ascii')}'" for name, key in keys.items())]
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    # Nobody else may read it, from its first moment on.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")


def _read(path: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    try:
        values = tomllib.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise AqgtError(
            f"There is no key file {path}.", "Make one with `aqgt keys new`.", "no-keys"
        ) from None
    except (OSError, ValueError):
        # Without the parser's message: it may quote a secret.
        raise AqgtError(
            f"The key file {path} cannot be read.", "Make a new one with `aqgt keys new`.", "no-keys"
        ) from None
    keys = {}
    for name in names:
        value = values.get(name)
        if not isinstance(value, str) or len(value) != _LENGTH:
            raise AqgtError(
                f"The key file {path} has no key “{name}”.", "Make a new one with `aqgt keys new`.", "no-keys"
            )
        keys[name] = value.encode("ascii")
    return keys
