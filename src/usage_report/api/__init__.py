"""The HTTP side: receive events and webhooks, answer in JSON, tell how the service is.

One Starlette app: ``create`` builds it to run alone (``usage-report serve``), ``LazyApi`` puts it next to the pages.
"""

from usage_report.api.app import LazyApi, create

__all__ = ["LazyApi", "create"]
