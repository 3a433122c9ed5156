"""Charts: what they show, and their Vega-Lite specifications, which Altair builds.

``overlay``, ``period``, ``last_hour`` and ``reconcile`` each describe a chart as a ``Drawing``. All
charts share one theme, one builder of axes, one of hover boxes, and one set of marks. A
specification can be shown by any program that knows Vega-Lite; ``drawing.chart`` makes it a chart
of Altair. Times are *wall clock* times, see ``axis``.
"""

__all__ = [
    "axis",
    "drawing",
    "hover",
    "last_hour",
    "marks",
    "overlay",
    "period",
    "reconcile",
    "theme",
]
