"""*Docs*: the project's own pages, such as the definition of every figure."""

from usage_report.ui.docs import show

show()
