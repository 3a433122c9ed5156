"""Charts as Vega-Lite specifications, and the tables of figures they draw.

A specification depends on what is drawn, never on the figures, so that a refreshed chart is updated
in place. All charts share one theme, one builder each of axes and hover, one limit and *now* line.
"""

__all__ = ["axis", "hover", "last_hour", "marks", "overlay", "period", "reconcile", "theme"]
