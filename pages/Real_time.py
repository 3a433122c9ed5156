"""*Real time*: who is in a session now, and the last hour."""

from usage_report.ui.real_time import show

show()
