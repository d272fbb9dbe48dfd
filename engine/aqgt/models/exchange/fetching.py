# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be fetched for the published models, and fetching it into a model's folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, model_validator

from aqgt import resources
from aqgt.errors import AqgtError
from aqgt.formats.files import read_text
from aqgt.models import registry
from aqgt.models.config import read_config
from aqgt.models.exchange.downloads import download
from aqgt.models.exchange.encoders import check_encoder
from aqgt.models.exchange.importing import ImportReport, import_model
from aqgt.models.exchange.tree import Sources
from aqgt.settings import Settings, check_settings

OnFile = Callable[[str, int, int | None], None]
"""Called with a file's name, the number of its bytes that are there, and of all, where that is known."""
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]


class Source(Settings):
    """Something to fetch: files under a web address, or steps for a person."""

    title: str
    part: Literal["wav2vec2", "bert"] | None = None
    """Which part of a published model the files are."""
    url: Annotated[str, Field(pattern=r"^https?://.*/$")] | None = None
    """What the names of the files are appended to."""
    files: tuple[FileName, ...] = ()
    sha256: dict[FileName, Sha256] = Field(default_factory=dict)
    """Checksums of those files that have a known one."""
    size: str = ""
    """About how much there is to download."""
    licence: str
    licence_url: str
    steps: tuple[str, ...] = ()
    """What a person has to do where a program can't."""
    then: tuple[str, ...] = ()
    """Commands that follow the steps."""

    @model_validator(mode="after")
    def _one_way(self) -> Source:
        if bool(self.steps) == bool(self.files):
            raise ValueError("give either files or steps")
        if self.files and (self.url is None or self.part is None):
            raise ValueError("files need a url and a part")
        if unknown := self.sha256.keys() - set(self.files):
            raise ValueError(f"sha256 names {', '.join(sorted(unknown))}, which is none of the files")
        return self


def read_sources(path: Path | None = None) -> dict[str, Source]:
    """What can be fetched, by name; from the project's own list where no other is given.

    Raises:
        AqgtError: the list can't be read or is not valid.
    """
    path = path or resources.data_path("configs", "sources.yaml")
    try:
        raw = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise AqgtError(f"“{path}” is no YAML: {error}.", "Correct the file.", "bad-config") from error
    if not isinstance(raw, dict):
        raise AqgtError(f"“{path}” holds no sources.", "Write one section per source.", "bad-config")
    return {str(name): check_settings(source, Source, f"{path}: {name}") for name, source in raw.items()}


def source_named(name: str, path: Path | None = None) -> Source:
    """One source.

    Raises:
        AqgtError: there is none of that name.
    """
    sources = read_sources(path)
    if name not in sources:
        raise AqgtError(
            f"There is nothing to fetch as “{name}”.", f"Use one of: {', '.join(sources)}.", "no-source"
        )
    return sources[name]


def fetch(name: str, source: Source, on_file: OnFile = lambda file, done, all: None) -> Path:
    """Downloads the files of a source into a folder of their own and checks them; returns the folder.

    Files that are there already are not downloaded again.

    Raises:
        AqgtError: a file can't be downloaded, has another checksum, or is not of the network it should be.
    """
    folder = registry.user_folder() / "downloads" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise AqgtError(
            f"The folder “{folder}” can't be made ({problem.strerror}).",
            "Name another in the environment variable AQGT_MODELS.",
            "no-file",
        ) from problem
    for file in source.files:
        if not (folder / file).is_file():
            download(f"{source.url}{file}", folder / file, source.sha256.get(file), partial(on_file, file))
    assert source.part is not None  # checked by Source
    check_encoder(source.part, folder)
    return folder


def put_into(model: str, source: Source, folder: Path) -> ImportReport:
    """Makes what was fetched a part of an imported model, and removes the download.

    Raises:
        AqgtError: there is no such model, or it is none of the published ones.
    """
    target = check_model(model)
    assert source.part is not None
    report = import_model(Sources(**{source.part: folder}), target.name, to=target.parent)
    shutil.rmtree(folder)
    return report


def check_model(model: str) -> Path:
    """The folder of a model that parts can be put into.

    Raises:
        AqgtError: there is no such model, or it needs none.
    """
    folder = registry.folder_of(model)
    if folder is None or read_config(folder / registry.CONFIG).published is None:
        raise AqgtError(
            f"The model {model} is none of the published ones.", "Name an imported model.", "wrong-model"
        )
    return folder.absolute()
