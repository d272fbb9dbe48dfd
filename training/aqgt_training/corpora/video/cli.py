# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus video` and `corpus download`: one's own videos as a clip database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aqgt.errors import AqgtError
from aqgt_training.corpora.cli_options import Shares, SplitSeed
from aqgt_training.corpora.progress import corpus_progress, naming_problems

DECISIONS = "decisions.json"


def video(
    source: Annotated[Path, typer.Argument(help="Folder with videos, and words or transcripts beside them.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for the clip database and the review page.")
    ],
    config: Annotated[
        Path | None, typer.Option(help="Settings, instead of configs/corpora/video.yaml.")
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option(help="What the review page saved; else decisions.json in the output folder."),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language of the words.")] = None,
    speaker: Annotated[
        str | None,
        typer.Option(help="Pattern that finds the speaker in a video's name; else each video has its own."),
    ] = None,
    split: Shares = None,
    seed: SplitSeed = 0,
    processes: Annotated[int, typer.Option(min=1, help="Videos that are tracked at once.")] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Use what an earlier run has tracked; clips are chosen anew.")
    ] = False,
) -> None:
    """Make clips of videos: track the speaker, cut, filter, add words, and write a page to review them."""
    from aqgt_training.corpora.cli_shards import shares_of
    from aqgt_training.corpora.splits import SplitRule
    from aqgt_training.corpora.video.building import BuildOptions, build_corpus, find_videos, read_decisions
    from aqgt_training.corpora.video.config import VideoConfig
    from aqgt_training.corpora.video.review import write_review

    console = Console(stderr=True)
    settings = VideoConfig.read(config)
    if decisions is None and (output / DECISIONS).exists():
        decisions = output / DECISIONS
    options = BuildOptions(
        language,
        speaker,
        SplitRule(shares_of(split), seed=seed),
        read_decisions(decisions) if decisions else {},
        processes,
    )
    n_videos = len(find_videos(source))
    done: dict[str, float] = {}
    with corpus_progress(console) as bar:
        task = bar.add_task("Videos", total=n_videos)

        def progress(name: str, share: float, problem: str | None) -> None:
            done[name] = share
            bar.update(
                task, completed=int(sum(done.values())), description=f"Videos ({sum(done.values()):.1f})"
            )
            if problem:
                bar.console.print(f"{name}: {problem}", style="yellow", markup=False)

        manifest, verdicts = build_corpus(source, output, settings, options, resume=resume, progress=progress)
    page = write_review(output, source, verdicts)
    n_clips = sum(len(one.clips) for one in verdicts)
    console.print(
        f"{manifest['clips']} of {n_clips} clips ({manifest['seconds'] / 60:.1f} min) of {n_videos} videos "
        f"in {output}; review them: {page}",
        markup=False,
    )
    for reason, count in manifest["info"]["left_out"].items():
        console.print(f"  left out by {reason}: {count}", markup=False)
    if not manifest["clips"]:
        raise AqgtError("None of the clips was kept.", f"Open {page}: it says why.", "empty-corpus")


def download(
    links: Annotated[Path, typer.Argument(help="Text file with one address a line; # begins a comment.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for videos and subtitles.")] = Path(
        "videos"
    ),
    language: Annotated[str, typer.Option(help="Language of the subtitles.")] = "en",
    height: Annotated[int, typer.Option(min=144, help="Pixels: the best video up to this height.")] = 720,
) -> None:
    """Download videos and their subtitles with yt-dlp; what is there already is not loaded again."""
    from aqgt_training.corpora.video.download import download_videos, read_links

    console = Console(stderr=True)
    addresses = read_links(links)
    with naming_problems(console, "Videos", len(addresses)) as progress:
        failed = download_videos(addresses, output, language=language, height=height, progress=progress)
    console.print(f"{len(addresses) - len(failed)} of {len(addresses)} videos in {output}", markup=False)
    if failed:
        raise AqgtError(
            f"{len(failed)} videos could not be downloaded.",
            "Run the same command again for them, or take their lines out.",
            "download-failed",
        )
