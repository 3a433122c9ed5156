"""*Reconcile*: your figures compared with a vendor's own."""

from usage_report.ui.reconcile import show

show()
