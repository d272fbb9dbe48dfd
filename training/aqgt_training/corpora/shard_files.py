# SPDX-License-Identifier: GPL-3.0-or-later
"""The windows within one tar file, read in order."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping

from webdataset.tariterators import group_by_keys, tar_file_expander

from aqgt.errors import AqgtError
from aqgt_training.corpora.places import open_place
from aqgt_training.corpora.published.shards import is_published, published_window
from aqgt_training.corpora.window_records import Window, decode_window


def windows_of_shard(
    place: str, speakers: Mapping[str, int], first: int = 0, step: int = 1
) -> Iterator[Window | None]:
    """Each window in order; None for those that are not wanted.

    Args:
        place: path or URL of a tar file.
        speakers: numbers of speakers by name, for the published shards.
        first, step: which windows are wanted; the others are read over.

    Raises:
        AqgtError: it can't be read, or a window in it is damaged.
    """
    with open_place(place) as stream:
        try:
            for at, sample in enumerate(group_by_keys(tar_file_expander([{"url": place, "stream": stream}]))):
                if at % step != first:
                    yield None
                    continue
                key = sample.pop("__key__")
                members = {name: data for name, data in sample.items() if not name.startswith("__")}
                where = f"{place}:{key}"
                if is_published(members):
                    yield published_window(members, where, speakers)
                else:
                    yield decode_window(members, where)
        except (tarfile.TarError, EOFError) as error:
            raise AqgtError(
                f"The shard “{place}” is damaged ({error}).", "Make or fetch it again.", "bad-shard"
            ) from error
