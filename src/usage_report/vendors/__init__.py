"""Vendors whose own records and statistics can be asked for: one module each, and the command that does it.

What a vendor says of *what happened* goes into the ledger as events; what it says of *how much that was* is kept apart, as
the vendor's figures, and is only ever compared with ours (``reconcile``).
"""
