"""The HTTP side: receive events and webhooks, answer in JSON, tell how the service is.

One Starlette app: ``create`` builds it to run alone (``usage-report serve``), ``Beside`` puts it next to the pages.
"""

from .app import Beside, create

__all__ = ["Beside", "create"]
