"""Settings: environment over an optional TOML file -> one frozen ``Settings``. Unknown keys are errors.

Environment variables are the upper-case field names with ``USAGE_REPORT_`` in front; the file is named by
``USAGE_REPORT_CONFIG`` and holds the lower-case field names.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from usage_report.core.errors import SettingsError, did_you_mean

PREFIX = "USAGE_REPORT_"
DEFAULT_DATABASE = "sqlite:///var/usage.db"


@dataclass(frozen=True, slots=True)
class Settings:
    #: SQLAlchemy URL. SQLite paths are relative to the working directory.
    database_url: str = DEFAULT_DATABASE
    #: Hours without news of a session after which what is still open in it counts as closed at its last event.
    stale_after_hours: float = 24.0
    #: A TOML file of date presets instead of the built-in one.
    presets: str = ""
    #: Seconds between two looks for work of the app's background thread; 0 turns it off.
    background_seconds: float = 0.5
    #: Address at which platforms reach the receiver, such as https://usage.example.com, where a proxy hides it: some sign it.
    public_url: str = ""
    #: Days for which the bodies of webhooks are kept for a replay; 0 keeps none.
    raw_days: float = 30.0
    #: "text" or "json": how the services write their logs.
    log_format: str = "text"
    #: "debug", "info", "warning" or "error": how much they say; "debug" has a line for every request.
    log_level: str = "info"
    #: Team shown first where there are several.
    team: str = ""
    #: Where Digital Samba's REST interface is, for ``usage-report pull digitalsamba``.
    digitalsamba_url: str = "https://api.digitalsamba.com"
    #: The team's developer key there; the environment variable ``DIGITALSAMBA_API_KEY`` goes before it. Never shown.
    digitalsamba_api_key: str = field(default="", repr=False)

    @property
    def stale_after(self) -> int:
        """Milliseconds."""
        return int(self.stale_after_hours * 3_600_000)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings of this process. Raises ``SettingsError`` naming the key, what is wrong and what would be right."""
    environ = os.environ if environ is None else environ
    names = {f.name: f.type for f in fields(Settings)}
    values: dict[str, object] = {}
    if path := environ.get(PREFIX + "CONFIG"):
        try:
            given = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(
                f"The settings file {path} cannot be read",
                error.strerror or str(error),
                "Correct USAGE_REPORT_CONFIG.",
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"The settings file {path} is not TOML", str(error)) from None
        values |= {f"{path}: {k}": v for k, v in given.items()}
    for key, value in environ.items():
        # Names with a further underscore part are for other tools (tests, benchmarks) when they begin so.
        if (
            key.startswith(PREFIX)
            and key != PREFIX + "CONFIG"
            and not key.startswith(PREFIX + "TEST_")
        ):
            values[key] = value
    found: dict[str, object] = {}
    for where, value in values.items():
        name = (
            where.removeprefix(PREFIX).lower()
            if where.startswith(PREFIX)
            else where.rpartition(": ")[2]
        )
        if name not in names:
            raise SettingsError(f"There is no setting {where!r}", "", did_you_mean(name, names))
        found[name] = _typed(where, value, names[name])
    settings = Settings(**found)
    if settings.stale_after_hours <= 0:
        raise SettingsError(
            "stale_after_hours must be more than nought", f"it is {settings.stale_after_hours}"
        )
    if settings.log_format not in ("text", "json"):
        raise SettingsError("log_format must be text or json", f"it is {settings.log_format!r}")
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingsError(
            "log_level must be debug, info, warning or error", f"it is {settings.log_level!r}"
        )
    return settings


def _typed(where: str, value: object, type_: object) -> object:
    if type_ == "float":
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = float("nan")
        if not 0 <= number < 1e9:
            raise SettingsError(f"{where} must be a number from 0", f"it is {value!r}")
        return number
    if not isinstance(value, str):
        raise SettingsError(f"{where} must be a text", f"it is {value!r}")
    return value
