"""The HTTP entrance: receives events and webhooks, answers with figures, reports its health.

May import every folder below it, and no other entrance. Does not own figures, SQL, or sources.
``create`` builds the app that runs alone, ``LazyApi`` the one that runs next to the pages.
"""

from usage_report.api.app import LazyApi, create

__all__ = ["LazyApi", "create"]
