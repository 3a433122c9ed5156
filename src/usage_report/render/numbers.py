"""Figures as text. The only module that rounds.

Every figure on screen, in a terminal or in a sentence passes through ``rounded``: half up, in
decimal. The symbols are those of one fixed Babel locale, read once. The digits come from Python's
own formatting: a page shows ten thousand figures, and Babel takes ten times as long for each.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from babel import Locale
from babel.numbers import get_decimal_symbol, get_plus_sign_symbol

from usage_report.core.metrics import Unit, metric

#: British English, for every number and date on screen.
LOCALE: Final = Locale.parse("en_GB")
#: Narrow no-break space. Groups digits in a way that no language reads as a decimal separator,
#: joins a figure to its unit, and never wraps.
THIN: Final = "\u202f"
#: Stands where there is no figure. Never "0".
ABSENT: Final = "–"
#: Precedes a figure that is estimated in part or in whole.
ABOUT: Final = "≈"

#: Wide enough for any float.
_ROUNDING: Final = Context(prec=400, rounding=ROUND_HALF_UP, traps=[])
#: A unit of the last place, by the number of decimals.
_UNITS: Final = tuple(Decimal(1).scaleb(-decimals) for decimals in range(8))
_THREE_DIGITS: Final = Context(prec=3, rounding=ROUND_HALF_UP)
_SYMBOLS: Final = str.maketrans({",": THIN, ".": get_decimal_symbol(LOCALE)})
_PLUS: Final = get_plus_sign_symbol(LOCALE)
#: The sign as typeset: the locale's own, a hyphen, is shorter than the plus sign.
_MINUS: Final = "−"


def rounded(value: float, decimals: int = 0) -> Decimal:
    """Round half up, away from 0: 1.15 to 1.2, although the float is a little less than 1.15.

    The float is read as the decimal of 15 digits that is nearest to it. Any number of milliseconds
    in minutes, up to 10 billion minutes, rounds as the exact quotient does, and a share computed
    from such figures as the exact share.
    """
    return Decimal(f"{value:.15g}").quantize(_UNITS[decimals], context=_ROUNDING)


def number(value: float, decimals: int = 0) -> str:
    """``1 234.5``, in groups of three digits; 0 is ``0``, and what would round to it ``< 0.1``."""
    if not value:
        return "0"
    if shown := rounded(value, decimals):
        return f"{shown:,}".translate(_SYMBOLS)
    return f"< {_UNITS[decimals]}".translate(_SYMBOLS) if decimals else "0"


def signed(value: float, decimals: int = 0) -> str:
    """As ``number``, with a sign unless it shows 0 or less than the last decimal."""
    text = number(abs(value), decimals)
    if text == "0" or text.startswith("<"):
        return text
    return (_PLUS if value > 0 else _MINUS) + text


def approximate(value: float) -> str:
    """Three significant digits, ``696 000`` for 696 180: more are noise in a projection."""
    return number(float(_THREE_DIGITS.create_decimal(f"{value:.15g}")))


def percent(value: float, decimals: int = 0) -> str:
    """``63 %`` for 63: the value is a percentage already."""
    return f"{number(value, decimals)}{THIN}%"


def decimals_of(key: str) -> int:
    """Decimals of a metric on screen: one for minutes, none for counts."""
    return 1 if metric(key).unit is Unit.MINUTES else 0


def figure(key: str, value: float | None) -> str:
    """The figure of a metric without its unit; a dash where there is none."""
    return ABSENT if value is None else number(value, decimals_of(key))


def with_unit(key: str, value: float | None, decimals: int | None = None) -> str:
    """As ``figure``, with the unit where the metric has one; ``decimals`` overrides its own."""
    if value is None:
        return ABSENT
    unit = metric(key).unit
    text = number(value, decimals_of(key) if decimals is None else decimals)
    return f"{text}{THIN}{unit}" if unit else text


def tile(key: str, value: float | None) -> str:
    """A figure in large type, with its unit: whole minutes from 100 on, where tenths are noise."""
    return with_unit(key, value, 0 if value is not None and value >= 100 else None)


def short(key: str, value: float | None) -> str:
    """As ``tile``, without the unit."""
    is_whole = value is not None and value >= 100
    return ABSENT if value is None else number(value, 0 if is_whole else decimals_of(key))


def exact(key: str, value: float | None) -> str:
    """A figure to the millisecond, in the fewest decimals; no unit."""
    if value is None:
        return ABSENT
    text = number(value, 5 if metric(key).unit is Unit.MINUTES else 0)
    return text.rstrip("0").rstrip(".") if "." in text else text


def hours(key: str, value: float | None) -> str:
    """``283 h 30 min`` beside minutes from 10 000 on; else an empty text."""
    is_long = value is not None and value >= 10_000 and metric(key).unit is Unit.MINUTES
    return duration(value) if is_long else ""


def limit(key: str, value: float) -> str:
    """A limit with its unit, whole unless the contract is not."""
    return with_unit(key, value, 0 if value == int(value) else 1)


def duration(minutes: float | None) -> str:
    """``5 h 12 min``, rounded to whole minutes; a dash where there is no figure."""
    if minutes is None:
        return ABSENT
    if 0 < minutes < 1:
        return f"< 1{THIN}min"
    hours, rest = divmod(int(rounded(minutes)), 60)
    if not hours:
        return f"{rest}{THIN}min"
    return f"{number(hours)}{THIN}h" + (f" {rest}{THIN}min" if rest else "")
