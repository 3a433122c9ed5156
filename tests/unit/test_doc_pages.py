"""The docs in the app: every page, its headings, its links, and nothing that Streamlit misreads."""

from __future__ import annotations

import re

import pytest

from usage_report.ui import doc_pages
from usage_report.ui.doc_pages import Part

DOCS = doc_pages.load()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of docs of the test's own."""
    monkeypatch.setattr(doc_pages, "FOLDER", tmp_path)
    doc_pages.load.cache_clear()
    yield tmp_path
    doc_pages.load.cache_clear()


def parts(folder, text: str) -> tuple[Part, ...]:
    (folder / "README.md").write_text("# Index")
    (folder / "more").mkdir(exist_ok=True)
    (folder / "more" / "README.md").write_text("# More")
    (folder / "more" / "deep.md").write_text("# Deep\n[up](../page.md#b) [more](README.md)")
    (folder / "page.md").write_text(text)
    return doc_pages.load()["page"].parts


def test_every_page_is_there_the_index_first():
    files = {
        file.relative_to(doc_pages.FOLDER).as_posix() for file in doc_pages.FOLDER.rglob("*.md")
    }
    assert len(files) == len(DOCS) > 20
    assert next(iter(DOCS)) == ""
    assert {"metrics", "connect", "decisions", "decisions/one-writer"} < DOCS.keys()


def test_every_link_between_pages_leads_to_a_heading():
    links = [
        (doc.id, *found)
        for doc in DOCS.values()
        for part in doc.parts
        for found in re.findall(r"\]\((docs)?(?:\?page=([^)#]+))?(?:#([^)]+))?\)", part.text)
    ]
    assert len(links) > 80
    for id, other, page, anchor in links:
        target = DOCS[page if other else id]
        assert not anchor or anchor in {part.anchor for part in target.parts}, (id, page, anchor)


def test_nothing_of_another_site_is_left():
    for doc in DOCS.values():
        for part in doc.parts:
            prose = re.sub(r"^```.*?^```$|`+[^`]+`+", "", part.text, flags=re.DOTALL | re.MULTILINE)
            assert not re.search(r"</?[a-z]+[ >]|!\[|\]\((?!docs|https?://|#)", prose), doc.id


def test_headings_divide_a_page_but_not_in_code(folder):
    text = (
        "# T\n\nintro\n\n## A `b_c` d\n\n```sh\n# no heading\n```\n\n## A `b_c` d\nmore\n### E: f"
    )
    assert parts(folder, text) == (
        Part(1, "T", "t", "intro"),
        Part(2, "A `b_c` d", "a-b_c-d", "```sh\n# no heading\n```"),
        Part(2, "A `b_c` d", "a-b_c-d-1", "more"),
        Part(3, "E: f", "e-f", ""),
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[b](#b)", "[b](#b)"),
        ("[a\nb](more/deep.md#c)", "[a\nb](docs?page=more/deep#c)"),
        ("[`x`](more/README.md) [i](README.md)", "[`x`](docs?page=more) [i](docs)"),
        ("[out](https://example.org/a:b)", "[out](https://example.org/a:b)"),
        ("[code](../src/x.py) and [gone](gone.md)", "code and gone"),
        ("![alt](images/a.png)x", "x"),
        ("<p>\n<img alt='a' src='a.png'>\n</p>\n<picture>\n<source>\n</picture>\ny", "y"),
        ("<details>\n<summary>more</summary>\nz\n</details>", "**more**\nz"),
        ("$1 :red[x] 10:30", "\\$1 \\:red[x] 10:30"),
        ("`[x](y.md) $a` ``b ` $c``", "`[x](y.md) $a` ``b ` $c``"),
        ("```\n[x](y.md) $a\n```", "```\n[x](y.md) $a\n```"),
    ],
)
def test_what_streamlit_is_given(folder, text, shown):
    assert parts(folder, f"# T\n{text}") == (Part(1, "T", "t", shown),)


def test_links_are_relative_to_the_file(folder):
    parts(folder, "# T\n## B")
    assert (
        doc_pages.load()["more/deep"].parts[0].text
        == "[up](docs?page=page#b) [more](docs?page=more)"
    )
