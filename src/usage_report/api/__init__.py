"""The HTTP side: receive events and webhooks, answer in JSON, tell how the service is.

One Starlette app, served beside the pages (``app.py``) or alone (``usage-report serve``). ``create`` builds it.
"""

from .app import create, routes

__all__ = ["create", "routes"]
