"""Headings of Microsoft Teams' attendance reports, language by language.

``Language.headings`` maps the English heading, in lower case, to the heading of that language. Only
headings of a known file or description are listed; ``Language.address`` is where they were found.

To add a language, append a ``Language`` with the headings of a report downloaded in it, and its
units of time to ``attendance_durations``. Nothing else depends on the language.
"""

from __future__ import annotations

from typing import NamedTuple


class Language(NamedTuple):
    """What differs in the reports of one language."""

    name: str
    #: Where the headings were found.
    address: str
    #: Order of day, month and year in ambiguous dates; empty where it differs between countries.
    dates: str
    headings: dict[str, tuple[str, ...]]


LANGUAGES = (
    Language(
        "English",
        "https://learn.microsoft.com/microsoftteams/teams-analytics-and-reports/meeting-attendance-report",
        "",
        {},
    ),
    Language(
        "German",
        "https://github.com/jonasqz/EnaiblerGTM-Academy-/blob/822cdcd57bf00e8ca657ced6c9dd161592761cf5/src/core/webinars/attendance-csv.ts",
        "dmy",
        {
            "meeting title": ("Besprechungstitel",),
            "first join": ("Erster Beitritt",),
            "last leave": ("Letztes Verlassen",),
            "in-meeting duration": ("Dauer der Besprechung",),
            "join time": ("Beitrittszeit", "Beitreten"),
            "leave time": ("Verlassenszeit", "Verlassen"),
            "duration": ("Dauer",),
            "email": ("E-Mail",),
            "participant id (upn)": ("Teilnehmer-ID (UPN)",),
            "role": ("Rolle",),
        },
    ),
    Language(
        "Japanese",
        "https://github.com/nuitsjp/teams-board/blob/01d878aad6d2a750cb28c50a6526c5df64486f03/.kiro/specs/apply-domain-model/research.md",
        "ymd",
        {
            "meeting title": ("会議のタイトル",),
            "name": ("名前",),
            "first join": ("初めての参加",),
            "last leave": ("最終退出",),
            "in-meeting duration": ("会議の長さ",),
            "email": ("メール", "メール アドレス"),
            "participant id (upn)": ("参加者 ID (UPN)",),
            "role": ("役割",),
        },
    ),
    Language(
        "Polish",
        "https://github.com/maciej-radziejewski/get-attendance/blob/d6b59577b6c994adee26c43d365e9777da852ddd/attendance.py",
        "dmy",
        {
            "full name": ("Imię i nazwisko",),
            "join time": ("Godzina dołączenia",),
            "leave time": ("Godzina opuszczenia",),
            "timestamp": ("Znacznik czasu",),
            "role": ("Rola",),
        },
    ),
    Language(
        "Portuguese",
        "https://github.com/Aennson/MoneyWastedCallTeams/blob/24d5adefc9cade6f06095f1e9c2a3d5239423ffb/src/lib/csvParser.test.ts",
        "dmy",
        {
            "meeting title": ("Título da reunião",),
            "name": ("Nome",),
            "first join": ("Primeiro ingresso",),
            "last leave": ("Última saída",),
            "in-meeting duration": ("Duração na reunião",),
            "participant id (upn)": ("ID do participante (UPN)",),
            "role": ("Função",),
        },
    ),
)
NAMES = ", ".join(language.name for language in LANGUAGES)
_ENGLISH = {
    heading.casefold(): english
    for language in LANGUAGES
    for english, headings in language.headings.items()
    for heading in headings
}
_DATES = {
    heading.casefold(): language.dates
    for language in LANGUAGES
    for headings in language.headings.values()
    for heading in headings
}


def english(heading: str) -> str:
    """Return the English heading, in lower case; an unknown one is returned as it is."""
    folded = heading.casefold()
    return _ENGLISH.get(folded, folded)


def date_order(headings: list[str]) -> str:
    """Return the order of dates that the language of these headings implies; empty if none."""
    orders = {_DATES[h.casefold()] for h in headings if h.casefold() in _DATES}
    return orders.pop() if len(orders) == 1 else ""
