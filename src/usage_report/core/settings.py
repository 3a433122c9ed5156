"""Settings of a process: environment variables over an optional TOML file.

Environment variables are the field names in upper case with the prefix ``USAGE_REPORT_``. The file
is named by ``USAGE_REPORT_CONFIG`` and holds the field names as they are. Unknown names are errors.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from annotated_types import Ge, Gt, Lt

from usage_report.core import toml_file
from usage_report.core.errors import SettingsError, did_you_mean

PREFIX = "USAGE_REPORT_"
#: Variables with the prefix that are no settings: the path of the file, and what tests use.
_CONFIG, _TESTS = f"{PREFIX}CONFIG", f"{PREFIX}TEST_"
DEFAULT_DATABASE = "sqlite:///var/usage.db"

_Amount = Annotated[float, Ge(0), Lt(1e9)]


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults. ``repr()`` leaves out fields that may hold a secret."""

    #: SQLAlchemy URL. SQLite paths are relative to the working directory.
    database_url: str = field(default=DEFAULT_DATABASE, repr=False)
    #: Inactivity timeout: hours without an event of a session after which what is still open in it
    #: counts as closed at the last event before them.
    stale_after_hours: Annotated[float, Gt(0), Lt(1e9)] = 24.0
    #: A TOML file of date presets that replaces the built-in one.
    presets: str = ""
    #: Seconds between two runs of the app's background thread; 0 turns it off.
    background_seconds: _Amount = 0.5
    #: Address under which platforms reach the receiver, such as https://usage.example.com. Needed
    #: behind a proxy: some platforms sign the address.
    public_url: str = ""
    #: Days for which the bodies of webhooks are kept for a replay; 0 keeps none.
    raw_days: _Amount = 30.0
    #: Format of the logs.
    log_format: Literal["text", "json"] = "text"
    #: Level of the logs; "debug" writes a line for every request.
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    #: Token that requests for /metrics and /readyz must send; without one, anyone may ask.
    operations_token: str = field(default="", repr=False)
    #: Team shown first where there are several.
    team: str = ""
    #: Base URL of Digital Samba's REST API, for ``usage-report pull digitalsamba``.
    digitalsamba_url: str = "https://api.digitalsamba.com"
    #: The team's developer key there; the environment variable ``DIGITALSAMBA_API_KEY`` has
    #: priority.
    digitalsamba_api_key: str = field(default="", repr=False)

    @property
    def stale_after(self) -> int:
        """The inactivity timeout in milliseconds."""
        return int(self.stale_after_hours * 3_600_000)


def load() -> Settings:
    """Return the settings of this process.

    Raises ``SettingsError`` that names the variable or key, what is wrong and what would be right.
    """
    # Imported here because pydantic takes a fifth of the start of the command line.
    from pydantic import ValidationError, create_model  # noqa: PLC0415 - see above
    from pydantic_settings import BaseSettings  # noqa: PLC0415 - see above

    variables = _variables()
    path = os.environ.get(_CONFIG, "")
    todo = f"Correct the file, or unset {_CONFIG}."
    file = toml_file.read(Path(path), "settings file", todo) if path else {}
    places = {key: f"{path}: {key}" for key in file} | variables
    known = {f.name: f for f in fields(Settings)}
    for name, place in places.items():
        if name not in known:
            raise SettingsError(f"There is no setting {place!r}", "", did_you_mean(name, known))

    hints = get_type_hints(Settings, include_extras=True)
    definitions: dict[str, Any] = {name: (hints[name], f.default) for name, f in known.items()}
    sources = create_model("Sources", __base__=BaseSettings, **definitions)
    from_file = {name: value for name, value in file.items() if name not in variables}
    try:
        found = sources(_env_prefix=PREFIX, **from_file)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        shown = f"{fault['input']!r}" if known[name].repr else "the value"
        raise SettingsError(
            f"{places[name]} is not valid",
            fault["msg"].replace("Input", shown, 1),
            "Correct it, or remove it to use the default.",
        ) from None
    return Settings(**found.model_dump())


def _variables() -> dict[str, str]:
    """Return the variables of the environment that are meant as settings, by field name."""
    return {
        name.upper().removeprefix(PREFIX).lower(): name
        for name in os.environ
        if name.upper().startswith(PREFIX)
        and name.upper() != _CONFIG
        and not name.upper().startswith(_TESTS)
    }
