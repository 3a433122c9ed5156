"""*Sources*: what each platform sent, and what could not be read."""

from usage_report.ui.sources import show

show()
