"""The project's documentation, ``docs/**/*.md``, in the parts that Streamlit shows.

In the repository these files are in its top folder; an installed package holds a copy.
Pure but for reading the files: this module does not use Streamlit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import NamedTuple

from usage_report.ui import strings

_PACKAGED = Path(__file__).parents[1] / "docs"
FOLDER = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[3] / "docs"

#: Pictures, which show these very pages, and tags that only make sense on another site.
_PICTURES = re.compile(r"<picture>.*?</picture>|<p>\s*(?:<img[^>]*>\s*)+</p>|<img[^>]*>", re.DOTALL)
_SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.DOTALL)
_TAGS = re.compile(r"</?(?:details|p|br)[^>]*>")
_FENCE = re.compile(r"^ *(```+|~~~+)")
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *$")
#: What is changed in prose: not code, but pictures, links, and signs that Streamlit takes for
#: mathematics or for a directive.
_INLINE = re.compile(
    r"(?P<code>(`+)(?!`).+?(?<!`)\2(?!`))"
    r"|(?P<picture>!\[[^\]]*\]\([^)]*\))"
    r"|\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)"
    r"|(?P<sign>\$|:(?=[A-Za-z]))",
    re.DOTALL,
)


class Part(NamedTuple):
    """A heading and what follows it, as Markdown."""

    level: int
    title: str
    #: What links to the heading name: the same as on GitHub.
    anchor: str
    text: str


class Doc(NamedTuple):
    """One page. The first part has its title."""

    id: str
    parts: tuple[Part, ...]

    @property
    def title(self) -> str:
        """Its title."""
        return self.parts[0].title


@lru_cache(maxsize=1)
def load() -> dict[str, Doc]:
    """Return all pages by id, the index first, which has an empty id."""
    files = {file.relative_to(FOLDER).as_posix(): file for file in FOLDER.rglob("*.md")}
    ids = {path: path.removesuffix(".md").removesuffix("README").rstrip("/") for path in files}
    docs = [
        Doc(id, tuple(_parts(files[path].read_text(encoding="utf-8"), _Links(dirname(path), ids))))
        for path, id in ids.items()
    ]
    docs.sort(key=lambda doc: (bool(doc.id), doc.id.count("/"), doc.title))
    return {doc.id: doc for doc in docs}


class _Links(NamedTuple):
    """What the links of a page are relative to."""

    folder: str
    #: The id of every page by its path in ``FOLDER``.
    ids: dict[str, str]

    def target(self, link: str) -> str:
        """Return where a link leads in the app; empty for a file that the app does not have."""
        if link.startswith(("#", "https://", "http://")):
            return link
        path, _, anchor = link.partition("#")
        id = self.ids.get(normpath(join(self.folder, path)))
        return "" if id is None else strings.doc_link(id, anchor)

    def follow(self, found: re.Match[str]) -> str:
        """Return what stands for a match of ``_INLINE``."""
        if found["code"]:
            return found[0]
        if found["picture"]:
            return ""
        if found["sign"]:
            return "\\" + found["sign"]
        target = self.target(found["target"])
        return f"[{found['text']}]({target})" if target else found["text"]


def _parts(markdown: str, links: _Links) -> Iterator[Part]:
    """Divide a page at its headings. Lines of code blocks are none."""
    text = _SUMMARY.sub(r"**\1**", _PICTURES.sub("", markdown))
    seen: Counter[str] = Counter()
    level, title, anchor = 1, "", ""
    body: list[str] = []
    for is_code, block in _blocks(_TAGS.sub("", text)):
        for line in [block] if is_code else block.split("\n"):
            heading = None if is_code else _HEADING.match(line)
            if heading is None:
                body.append(line)
                continue
            if title:
                yield Part(level, title, anchor, _shown(body, links))
            body = []
            level, title = len(heading[1]), heading[2]
            slug = _slug(title)
            anchor = f"{slug}-{seen[slug]}" if seen[slug] else slug
            seen[slug] += 1
    yield Part(level, title, anchor, _shown(body, links))


def _blocks(text: str) -> Iterator[tuple[bool, str]]:
    """Yield prose and code blocks in turn, each with whether it is code."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found and not fence:
            yield False, "\n".join(lines)
            lines, fence = [line], found[1]
        elif found and found[1].startswith(fence):
            yield True, "\n".join([*lines, line])
            lines, fence = [], ""
        else:
            lines.append(line)
    yield bool(fence), "\n".join(lines)


def _slug(title: str) -> str:
    """Return the anchor of a heading, by GitHub's rule."""
    words = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", title).lower())
    return words.replace(" ", "-")


def _shown(lines: list[str], links: _Links) -> str:
    """Return lines for Streamlit: links lead to pages of the app, or are plain text."""
    blocks = _blocks("\n".join(lines))
    return "\n".join(
        block if is_code else _INLINE.sub(links.follow, block) for is_code, block in blocks
    ).strip()
