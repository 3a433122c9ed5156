"""Series of a chart are distinguishable with any colour vision, on a light and on a dark page."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

from support.colour_vision import VISIONS, contrast, difference, lab
from usage_report.render.charts.theme import (
    DASHES,
    DOTTED,
    GRID,
    INK,
    LIMIT_DASH,
    PAPER,
    QUIET,
    SERIES,
    SHAPES,
    Scheme,
    config,
    label_colours,
)

CONFIG = tomllib.loads((Path(__file__).parents[2] / ".streamlit/config.toml").read_text("utf-8"))
#: Ten times what is just noticeable side by side: lines of a chart are not side by side.
FAR_APART = 23
#: In grey there is lightness only.
APART_IN_GREY = 5
SCHEMES = {scheme: i for i, scheme in enumerate(Scheme)}


def test_the_simulation_agrees_with_known_values():
    """White and black are 100 apart, and a deuteranope sees two equally light hues as nearly one."""
    assert lab("#ffffff")[0] == pytest.approx(100, abs=0.01)
    assert difference("#000000", "#ffffff", "tritanopia") == pytest.approx(100, abs=0.5)
    assert difference("#b35a2d", "#6f7a1e", "normal") > 4 * difference(
        "#b35a2d", "#6f7a1e", "deuteranopia"
    )
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("vision", VISIONS)
def test_every_pair_of_colours_differs(vision, scheme):
    colours = [pair[SCHEMES[scheme]] for pair in SERIES]
    least = min(difference(a, b, vision) for a, b in itertools.combinations(colours, 2))
    assert least >= (APART_IN_GREY if vision == "grey" else FAR_APART)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_colour_stands_out_from_the_page(scheme):
    page = CONFIG["theme"][scheme]["backgroundColor"]
    assert min(contrast(pair[SCHEMES[scheme]], page) for pair in SERIES) >= 3
    assert contrast(QUIET[SCHEMES[scheme]], page) >= 4.5, "texts of axes"


def test_every_series_has_its_own_dash_and_shape():
    assert len(set(DASHES)) == len(set(SHAPES)) == len(SERIES)
    assert not {DOTTED, LIMIT_DASH} & set(DASHES)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_charts_have_the_colours_of_the_page(scheme):
    page, i = CONFIG["theme"][scheme], SCHEMES[scheme]
    names = ("backgroundColor", "textColor", "borderColor")
    assert [page[name] for name in names] == [PAPER[i], INK[i], GRID[i]]
    drawn = config(scheme)
    assert drawn["background"] == PAPER[i]
    assert drawn["range"]["category"] == [pair[i] for pair in SERIES]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_texts_of_series_are_legible(scheme):
    paper = PAPER[SCHEMES[scheme]]
    assert min(contrast(colour, paper) for colour in label_colours(scheme)) >= 4.5
    assert config(scheme)["range"]["ordinal"] == label_colours(scheme)
