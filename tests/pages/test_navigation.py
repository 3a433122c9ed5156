"""Navigation: the same five pages from the repository's ``pages`` folder and from the package."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from support import handmade
from usage_report import ui

MAIN = Path(ui.__file__).parent / "main.py"
TITLES = {
    "": "This period",
    "real-time": "Real time",
    "date-range": "Date range",
    "reconcile": "Reconcile",
    "sources": "Sources",
    "docs": "Documentation",
}


@pytest.fixture(autouse=True)
def reader(monkeypatch) -> handmade.HandmadeReader:
    return handmade.install(monkeypatch, handmade.HandmadeReader({"acme": handmade.team()}))


@pytest.fixture(params=["repository", "installed package"])
def main(request, tmp_path) -> Path:
    """The main script; far from any ``pages`` folder, as in an installed package."""
    if request.param == "repository":
        return MAIN
    script = tmp_path / "site-packages" / "usage_report" / "ui" / "main.py"
    script.parent.mkdir(parents=True)
    shutil.copy(MAIN, script)
    return script


@pytest.mark.parametrize("path", TITLES)
def test_a_page_has_the_same_address_in_both_layouts(main, path):
    app = AppTest.from_file(main, default_timeout=30)
    app._page_hash = calc_hash(path)
    app.run()
    assert not app.exception
    assert [title.value for title in app.title] == [TITLES[path]]


@pytest.mark.parametrize("file", sorted(p.name for p in (MAIN.parents[3] / "pages").glob("*.py")))
def test_switching_to_a_file_of_the_pages_folder(file):
    app = AppTest.from_file(MAIN, default_timeout=30).run()
    assert app.title[0].value == "This period"
    app.switch_page(f"../../../pages/{file}").run()
    assert not app.exception
    title = Path(file).stem.replace("_", " ")
    assert app.title[0].value == {"Docs": "Documentation"}.get(title, title)


def test_files_of_the_pages_folder_only_call_the_package():
    for file in sorted((MAIN.parents[3] / "pages").glob("*.py")):
        code = file.read_text(encoding="utf-8").partition('"""\n\n')[2]
        module = file.stem.lower()
        assert code == f"from usage_report.ui.{module} import show\n\nshow()\n"
        assert re.fullmatch(r"[A-Z][a-z]+(_[a-z]+)?", file.stem)
