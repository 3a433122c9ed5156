"""What the browser loads from the app itself."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from usage_report.ui import assets

ROOT = Path(__file__).parents[2]
FOLDER = Path(assets.__file__).parent


@pytest.fixture
def client():
    return TestClient(Starlette(routes=assets.routes()))


def test_vega_is_served_compressed_and_kept_for_good(client):
    content = (FOLDER / "vega.js").read_bytes()
    plain = client.get(assets.VEGA, headers={"accept-encoding": "identity"})
    small = client.get(assets.VEGA, headers={"accept-encoding": "gzip"})
    assert plain.content == small.content == content
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < len(content) / 2
    for answer in (plain, small):
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "accept-encoding"


def test_the_address_changes_with_the_content():
    assert re.fullmatch(r"assets/vega-[0-9a-f]{12}\.js", assets.VEGA)
    assert gzip.decompress(assets._COMPRESSED) == (FOLDER / "vega.js").read_bytes()


def test_what_is_bundled_is_pinned_and_has_its_licence():
    """Each direct dependency at one version, the same in the lock file and in the licences."""
    package = json.loads((ROOT / "tools/vega/package.json").read_text("utf-8"))
    lock = json.loads((ROOT / "tools/vega/package-lock.json").read_text("utf-8"))["packages"]
    licences = (FOLDER / "vega.LICENSES.txt").read_text("utf-8")
    for name, version in package["dependencies"].items():
        assert lock[f"node_modules/{name}"]["version"] == version
        assert f"{name} {version} (BSD-3-Clause)" in licences
    assert "delaunator" in licences, "it is part of d3-delaunay's own bundle"
