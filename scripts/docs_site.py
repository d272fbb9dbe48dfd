# SPDX-License-Identifier: GPL-3.0-or-later
"""Hooks of MkDocs: pages made of files outside docs/, and links that leave the folder.

README.md and CONTRIBUTING.md become pages of the site. A link to a file of the repository that is no page is
shown as its path: the site knows no address of a repository, and a link into nowhere would be worse.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}
"""Files of the repository and what they are called as pages."""
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie outside docs/."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=relinked(text, source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links of a page of docs/ as the site has them."""
    return (
        markdown if page.file.src_uri in PAGES.values() else relinked(markdown, f"docs/{page.file.src_uri}")
    )


def relinked(text: str, source: str) -> str:
    """The text of a file of the repository with links to pages; others as code.

    Args:
        text: Markdown.
        source: path of the file in the repository, with /.
    """
    here = posixpath.dirname(source)

    def link(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(here, found["target"]))
        if not (ROOT / path).exists():
            return found[0]  # MkDocs finds it broken, and says where
        if path in PAGES:
            return f"[{found['text']}]({PAGES[path]}{found['anchor'] or ''})"
        if path.startswith("docs/") and path.endswith(".md"):
            return f"[{found['text']}]({path.removeprefix('docs/')}{found['anchor'] or ''})"
        return f"{found['text'].strip('`')} (`{path}`)"

    text = _LINK.sub(link, text)
    return text.replace("](docs/images/", "](images/") if here == "" else text
