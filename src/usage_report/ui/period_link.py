"""The address of *This period*.

    period=2026-03-15      the billing period of that day; without it, the current one
    trend=periods          the charts show period by period, not day by day

Pure: this module does not use Streamlit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from usage_report.core.errors import InputError
from usage_report.core.periods import Period, billing_period, parse_date, today, zone

PARAMS = ("period", "trend")
#: id -> title
TRENDS = {"days": "Day by day", "periods": "Period by period"}


@dataclass(frozen=True, slots=True)
class PeriodView:
    """What the page shows."""

    #: An earlier billing period, ``None`` for the current one.
    period: Period | None = None
    #: A key of ``TRENDS``.
    trend: str = "days"


@dataclass(frozen=True, slots=True)
class PeriodCodec:
    """The page's ``address.Codec``."""

    zone: str
    billing_day: int
    #: Epoch ms.
    now: int

    @property
    def current(self) -> Period:
        """The billing period of now."""
        return billing_period(today(self.now, zone(self.zone)), self.billing_day)

    def owns(self, name: str) -> bool:
        """Return whether a parameter is read here."""
        return name in PARAMS

    def encode(self, view: PeriodView) -> dict[str, str]:
        """Return the query parameters of a view, without those of the usual one."""
        params = {} if view.period is None else {"period": view.period.start.isoformat()}
        return params if view.trend == "days" else params | {"trend": view.trend}

    def decode(self, params: Mapping[str, Sequence[str]]) -> tuple[PeriodView, list[str]]:
        """Return the view of query parameters, and a sentence for each unusable part."""
        problems: list[str] = []
        trend = (params.get("trend") or ["days"])[-1]
        if trend not in TRENDS:
            problems.append("The link names an unknown form of the charts. Showing day by day.")
            trend = "days"
        return PeriodView(self._period(params.get("period"), problems), trend), problems

    def _period(self, values: Sequence[str] | None, problems: list[str]) -> Period | None:
        if not values:
            return None
        try:
            period = billing_period(parse_date(values[-1][:40]), self.billing_day)
        except InputError as error:
            problems.append(f"The link names no billing period: {error}. Showing the current one.")
            return None
        if period.start > self.current.start:
            problems.append(
                "The billing period of the link has not begun. Showing the current one."
            )
        return period if period.start < self.current.start else None
