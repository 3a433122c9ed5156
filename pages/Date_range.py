"""*Date range*: any metrics over any days, as a chart, a table and a file."""

from usage_report.ui.date_range import show

show()
