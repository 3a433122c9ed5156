"""Webhooks: one module per platform, each turning one HTTP delivery into ``Event`` values.

Owns the adapters of platforms that send webhooks; may import ``core`` and ``sources``.
Does not own the HTTP endpoint that receives deliveries, nor the secrets of teams.
"""

__all__ = [
    "adapter",
    "bigbluebutton",
    "changes",
    "daily",
    "digitalsamba",
    "jaas",
    "janus",
    "jitsi",
    "livekit",
    "vonage",
    "zoom",
]
