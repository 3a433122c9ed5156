"""Microsoft Teams' attendance reports in each language of the table of headings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import attendance
from usage_report.core.errors import InputError
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources.files import teams_headings

ENGLISH = """1. Summary
Meeting title\tBiology
Attended participants\t3
Start time\t10/6/26, 9:00:00 AM

2. Participants
Name\tFirst Join\tLast Leave\tIn-Meeting Duration\tEmail\tParticipant ID (UPN)\tRole
Ana Diaz\t10/6/26, 9:00:00 AM\t10/6/26, 10:05:03 AM\t1h 5m 3s\tana@example.org\tana@example.org\tOrganizer
Bo Ek\t10/6/26, 9:05:00 AM\t10/6/26, 9:45:00 AM\t20m 0s\tbo@example.org\tbo@example.org\tPresenter
Cem\t10/6/26, 9:10:00 AM\t10/6/26, 9:10:40 AM\t40s\t\tcem@example.org\tAttendee
"""
GERMAN = """1. Zusammenfassung
Besprechungstitel\tBiology
Teilnehmer\t3

2. Teilnehmer
Name\tErster Beitritt\tLetztes Verlassen\tDauer der Besprechung\tE-Mail\tTeilnehmer-ID (UPN)\tRolle
Ana Diaz\t06.10.26, 09:00:00\t06.10.26, 10:05:03\t1 Std. 5 Min. 3 Sek.\tana@example.org\tana@example.org\tOrganisator
Bo Ek\t06.10.26, 09:05:00\t06.10.26, 09:45:00\t20 Min. 0 Sek.\tbo@example.org\tbo@example.org\tReferent
Cem\t06.10.26, 09:10:00\t06.10.26, 09:10:40\t40 Sek.\t\tcem@example.org\tTeilnehmer
"""
JAPANESE = """1. 要約
会議のタイトル\tBiology
開始時刻\t2026/10/6 09:00:00

2. 参加者
名前\t初めての参加\t最終退出\t会議の長さ\tメール\t参加者 ID (UPN)\t役割
Ana Diaz\t2026/10/6 09:00:00\t2026/10/6 10:05:03\t1 時間 5 分 3 秒\tana@example.org\tana@example.org\t開催者
Bo Ek\t2026/10/6 09:05:00\t2026/10/6 09:45:00\t20 分 0 秒\tbo@example.org\tbo@example.org\t発表者
Cem\t2026/10/6 09:10:00\t2026/10/6 09:10:40\t40 秒\t\tcem@example.org\t出席者
"""
PORTUGUESE = """1. Resumo
Título da reunião\tBiology
Participantes presentes\t3
Hora de início\t06/10/26, 09:00:00

2. Participantes
Nome\tPrimeiro ingresso\tÚltima saída\tDuração na reunião\tEmail\tID do participante (UPN)\tFunção
Ana Diaz\t06/10/26, 09:00:00\t06/10/26, 10:05:03\t1h 5m 3s\tana@example.org\tana@example.org\tOrganizador
Bo Ek\t06/10/26, 09:05:00\t06/10/26, 09:45:00\t20m\tbo@example.org\tbo@example.org\tApresentador
Cem\t06/10/26, 09:10:00\t06/10/26, 09:10:40\t40s\t\tcem@example.org\tParticipante
"""
WITH_PEOPLE = {
    "English": ENGLISH,
    "German": GERMAN,
    "Japanese": JAPANESE,
    "Portuguese": PORTUGUESE,
}
GERMAN_STAYS = """
3. Aktivitäten in der Besprechung
Name\tBeitreten\tVerlassen\tDauer\tE-Mail\tRolle
Ana Diaz\t06.10.26, 09:00:00\t06.10.26, 10:05:03\t1 Std. 5 Min. 3 Sek.\tana@example.org\tOrganisator
Bo Ek\t06.10.26, 09:05:00\t06.10.26, 09:15:00\t10 Min.\tbo@example.org\tReferent
Bo Ek\t06.10.26, 09:35:00\t06.10.26, 09:45:00\t10 Min.\tbo@example.org\tReferent
Cem\t06.10.26, 09:10:00\t06.10.26, 09:10:40\t40 Sek.\t\tTeilnehmer
"""
#: The form of 2021, of which the sources have the Polish headings.
POLISH = """Imię i nazwisko\tGodzina dołączenia\tGodzina opuszczenia\tDuration\tEmail\tRola
Ana Diaz\t06.10.2026, 09:00:00\t06.10.2026, 10:05:03\t\tana@example.org\tOrganizator
Bo Ek\t06.10.2026, 09:05:00\t06.10.2026, 09:15:00\t\tbo@example.org\tPrezenter
Bo Ek\t06.10.2026, 09:35:00\t06.10.2026, 09:45:00\t\tbo@example.org\tPrezenter
Cem\t06.10.2026, 09:10:00\t06.10.2026, 09:10:40\t\tcem@example.org\tUczestnik
"""
ANA, BO, CEM = (3600 + 5 * 60 + 3) * 1000, 20 * 60_000, 40_000
NOW = 1_796_000_000_000  # 29 November 2026
DAY = "2026-10-06"


def as_exported(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-16")


@pytest.mark.parametrize("language", WITH_PEOPLE)
def test_people_who_were_never_away_count_and_the_others_are_quarantined(language):
    items = attendance.read(as_exported(WITH_PEOPLE[language]), now=NOW)
    (bo,) = [item for item in items if type(item) is QuarantinedInput]
    assert (bo.reason, bo.source) == ("gap-unknown", "teams-attendance")
    accepted = [item for item in items if type(item) is Event]
    assert {(e.room, e.person) for e in accepted if e.type == "participant.joined"} == {
        ("Biology", "ana@example.org"),
        ("Biology", "cem@example.org"),
    }
    joined = {e.person: e.time for e in accepted if e.type == "participant.joined"}
    left = {e.connection: e.time for e in accepted if e.type == "participant.left"}
    stays = {
        e.person: left[e.connection] - joined[e.person]
        for e in accepted
        if e.type == "participant.joined"
    }
    assert stays == {"ana@example.org": ANA, "cem@example.org": CEM}


def test_all_languages_give_the_same_events():
    expected = {e for e in attendance.read(ENGLISH, now=NOW) if type(e) is Event}
    for text in WITH_PEOPLE.values():
        assert {e for e in attendance.read(as_exported(text), now=NOW) if type(e) is Event} == (
            expected
        )


@pytest.mark.parametrize("text", [GERMAN + GERMAN_STAYS, POLISH])
def test_every_stay_counts_where_the_report_has_them(text):
    items = attendance.events(as_exported(text), now=NOW)
    joined = {e.connection: (e.person, e.time) for e in items if e.type == "participant.joined"}
    lengths: dict[str, int] = {}
    for event in items:
        if event.type == "participant.left":
            person, start = joined[event.connection]
            lengths[person] = lengths.get(person, 0) + event.time - start
    assert lengths == {"ana@example.org": ANA, "bo@example.org": BO, "cem@example.org": CEM}
    assert len(joined) == 4


def test_another_language_is_rejected_with_the_languages_that_are_read():
    danish = GERMAN.replace("Erster Beitritt", "Første deltagelse").replace(
        "Letztes Verlassen", "Sidst forladt"
    )
    for data in (as_exported(danish), danish.encode("utf-16-le"), danish.encode()):
        with pytest.raises(InputError) as caught:
            attendance.read(data, now=NOW)
        assert str(caught.value) == (
            "report.csv has no columns of joining and leaving under a known name: reports of "
            "Microsoft Teams are read in English, German, Japanese, Polish, Portuguese. Nothing "
            "was ingested. Download the report with Teams in one of these languages, or add its "
            "headings to sources/files/teams_headings.py."
        )


def test_every_heading_has_one_meaning_and_every_language_an_address():
    meanings: dict[str, set[str]] = {}
    for language in teams_headings.LANGUAGES:
        assert re.fullmatch(r"https://\S+", language.address)
        assert language.dates in ("", "dmy", "ymd")
        for english, headings in language.headings.items():
            assert english == english.casefold()
            for heading in headings:
                meanings.setdefault(heading.casefold(), set()).add(english)
    assert [heading for heading, known in meanings.items() if len(known) > 1] == []


@given(st.data())
def test_the_order_of_rows_and_columns_changes_nothing(data):
    text = data.draw(st.sampled_from([POLISH, GERMAN_STAYS.partition("Besprechung\n")[2]]))
    expected = set(attendance.events(text, now=NOW))
    assert set(attendance.events(attendance.shuffled(data.draw, text, "\t"), now=NOW)) == expected
