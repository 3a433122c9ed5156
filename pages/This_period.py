"""*This period*: six figures of the billing period, against the contract and day by day."""

from usage_report.ui.this_period import show

show()
