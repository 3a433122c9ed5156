"""The people of the sample company: employees and crowds of guests, each with a fixed name."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

#: Number of people outside the company, by crowd. They return, low numbers more often.
CROWDS = {"guest": 900, "viewer": 6_000, "member": 350}

#: Eight first and eight last names of each language.
NAMES = (
    (
        "Anke Jonas Lena Malte Svenja Torben Frieda Henning",
        "Albrecht Bergholz Dörfler Eickmann Hansen Krüger Löffler Westphal",
    ),
    (
        "Birte Florian Greta Jannik Katrin Matthias Silke Uwe",
        "Brandt Clausen Ehlers Gräfe Jürgens Petersen Sörensen Thießen",
    ),
    (
        "Antonia Ferdinand Heidi Korbinian Leonie Quirin Vroni Xaver",
        "Angerer Bichler Feichtner Hölzl Kirchmair Moser Strößner Wörndl",
    ),
    (
        "Grace Oliver Hannah Callum Amelia Rhys Niamh Duncan",
        "Ashworth Bellamy Carrick Fairley Hartnell Merrow Pryce Whitlock",
    ),
    (
        "Elif Emre Zeynep Kerem Defne Burak Aylin Ozan",
        "Aksoy Demirel Çelik Güneş Karaca Öztürk Şahin Yıldız",
    ),
    (
        "Inés Álvaro Lucía Mateo Ximena Joaquín Sofía Íñigo",
        "Aguirre Beltrán Castaño Ibáñez Muñoz Peñalver Quiroga Zúñiga",
    ),
    (
        "Agnieszka Łukasz Zofia Paweł Małgorzata Krzysztof Hania Bartosz",
        "Dąbrowa Gałązka Jabłoń Kołecki Późniak Sikora Wrzos Źródlak",
    ),
    (
        "Ingrid Søren Åsa Lars Freja Øystein Maja Björn",
        "Ångman Bjerregaard Dahlgren Ekström Fjeld Håkansen Møller Ødegård",
    ),
    (
        "Chiara Matteo Ginevra Luca Élodie Théo Maëlle Benoît",
        "Bonfanti Cattaneo Ferrante Lemaître Marchetti Noël Ricciardi Vauquelin",
    ),
    (
        "Олена Андрій Соломія Тарас Мария Илья Дарина Богдан",
        "Бондаренко Гайдук Ковалько Левчук Мороз Осипова Ткач Шевчук",
    ),
    (
        "ليلى عمر نور يوسف سلمى كريم هدى طارق",
        "الحداد البستاني الخياط النجار الشامي المنصوري العطار الزيات",
    ),
    (
        "נועה איתן תמר אורי מיכל יונתן שירה גיל",
        "אלמוג ברקן גולן דרור לביא סגל רביד שקד",
    ),
    (
        "结衣 健太 美咲 大輔 さくら 翔太 陽菜 拓海",
        "佐々木 中村 藤田 松本 小川 岡田 森田 石井",
    ),
    (
        "अनन्या रोहन प्रिया अर्जुन मीरा विक्रम नेहा आदित्य",
        "अग्रवाल जोशी कुलकर्णी मेहता नायर पटेल शर्मा वर्मा",
    ),
    (
        "민서 지훈 서연 도윤 하은 준호 예린 시우",
        "강 김 문 박 신 윤 정 최",
    ),
    (
        "Thandiwe Chidi Amara Kwame Zanele Tunde Nia Sipho",
        "Adeyemi Boateng Dlamini Eze Mensah Nkosi Okafor Sithole",
    ),
)


class Person(NamedTuple):
    """One person of the sample."""

    id: str
    name: str


@lru_cache(maxsize=8_192)
def person(crowd: str, number: int) -> Person:
    """Return the person of a number in a crowd: always the same id and name."""
    turn, language = divmod(number, len(NAMES))
    first_names, last_names = (names.split() for names in NAMES[language])
    # A step without a common divisor with 64 visits all pairs of names before it repeats one.
    last, first = divmod((turn * 27 + language + len(crowd)) % 64, 8)
    return Person(f"{crowd}-{number + 1:04d}", f"{first_names[first]} {last_names[last]}")
