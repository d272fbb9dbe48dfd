# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus shards`: windows with a model's features, as WebDataset shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from aqgt.errors import AqgtError
from aqgt_training.corpora.cli_options import Resume
from aqgt_training.corpora.progress import corpus_progress

if TYPE_CHECKING:
    from aqgt_training.corpora.model_features import FeatureSpec


def shards(
    corpora: Annotated[list[Path], typer.Argument(help="Folders of clip databases.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the shards.")],
    model: Annotated[
        str, typer.Option(help="Config (.yaml) of the model to train, or a model's name or folder.")
    ],
    word_vectors: Annotated[
        Path | None, typer.Option(help="Word vectors, where the config of a fresh model wants them.")
    ] = None,
    audio_vq: Annotated[
        Path | None,
        typer.Option(help="Output folder of the stage audio-vq, for the config of a published network."),
    ] = None,
    encoders: Annotated[
        Path | None, typer.Option(help="Folder with wav2vec2 and bert, beside --audio-vq.")
    ] = None,
    stride: Annotated[int, typer.Option(min=1, help="Frames from one window to the next.")] = 8,
    windows_per_shard: Annotated[int, typer.Option(min=1, help="Windows in a shard, about.")] = 2048,
    minimum_movement: Annotated[
        float,
        typer.Option(min=0, help="Leave out windows in which the wrists move less (variance); 0 = none."),
    ] = 0.0,
    split: Annotated[
        str | None, typer.Option(help="Split by video anew, e.g. train=0.9,val=0.05,test=0.05.")
    ] = None,
    val_from_train: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the training videos that become validation.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split and of the order.")] = 0,
    as_original: Annotated[
        bool,
        typer.Option("--as-original", help="Windows as the published pipeline cuts them, errors included."),
    ] = False,
    device: Annotated[str, typer.Option(help="Where the speech networks of published models run.")] = "cpu",
    processes: Annotated[int, typer.Option(min=1, help="Processes that compute features.")] = 1,
    resume: Resume = False,
) -> None:
    """Cut clips into windows with precomputed features and write them as WebDataset shards."""
    from aqgt_training.corpora.model_features import FeatureSpec
    from aqgt_training.corpora.shard_plan import Features, ShardPlan
    from aqgt_training.corpora.shard_writer import write_shards
    from aqgt_training.corpora.splits import SplitRule
    from aqgt_training.corpora.windowing import Cutting
    from aqgt_training.stages.shard_features import PublishedFeatureSpec

    console = Console(stderr=True)
    features: Features = (spec := FeatureSpec(model, word_vectors, device))
    if audio_vq is not None:
        features = PublishedFeatureSpec(_published_config(spec), audio_vq, encoders, device)
    config = features.config()
    cutting = Cutting(config.fps, config.window, stride, minimum_movement, as_original)
    plan = ShardPlan(
        tuple(corpora),
        features,
        cutting,
        SplitRule(shares_of(split), val_from_train, seed),
        windows_per_shard,
        seed,
    )

    def progress(figures: Iterable[dict], total: int) -> Iterator[dict]:
        with corpus_progress(console) as bar:
            task = bar.add_task("Shards", total=total)
            for each in figures:
                bar.advance(task)
                yield each

    manifest = write_shards(plan, output, processes=processes, resume=resume, progress=progress)
    for name, part in manifest["splits"].items():
        size = sum(shard["bytes"] for shard in part["shards"]) / 1e6
        console.print(
            f"{name}: {part['windows']} windows of {part['clips']} clips ({part['seconds'] / 60:.1f} min) "
            f"in {len(part['shards'])} shards, {size:.0f} MB"
        )


def _published_config(spec: FeatureSpec) -> Path:
    """The config of a published network that is yet to be trained.

    Raises:
        AqgtError: it is of another network, or the model is there and has an audio VQ of its own.
    """
    if not spec.is_fresh or spec.config().published is None:
        raise AqgtError(
            f"The model “{spec.model}” takes no audio VQ.",
            "Leave --audio-vq out, or name a published network's config, e.g. configs/models/aqgt-a.yaml.",
            "bad-usage",
        )
    return Path(spec.model)


def shares_of(text: str | None) -> dict[str, float]:
    """``train=0.9,val=0.1`` as a table.

    Raises:
        AqgtError: it is something else.
    """
    if not text:
        return {}
    try:
        return {name.strip(): float(share) for name, share in (part.split("=") for part in text.split(","))}
    except ValueError as error:
        raise AqgtError(
            f"“{text}” is no list of shares.", "Write train=0.9,val=0.05,test=0.05.", "bad-usage"
        ) from error
