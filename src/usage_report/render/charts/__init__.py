"""Charts as plain data: axes with their ticks, series of marks, and figures under the pointer.

``ui/components/chart.js`` draws them and adds no text of its own. All charts share one theme, one
builder of axes and one of hover boxes. Times are *wall clock* times, see ``axis``.
"""

__all__ = ["axis", "hover", "last_hour", "marks", "overlay", "period", "reconcile", "theme"]
