"""The HTTP entrance: receives events and webhooks, answers with figures, reports its health.

Owns routes, errors as JSON, and the OpenAPI description. May import every folder below it, and no
other entrance. Does not own figures, SQL, sources, or the counting of what it receives.
"""

from usage_report.api.app import LazyApi, create
from usage_report.api.http import SafeHeaders

__all__ = ["LazyApi", "SafeHeaders", "create"]
