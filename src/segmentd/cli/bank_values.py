"""The texts that a generated bank draws from."""

from __future__ import annotations

from typing import Final

COUNTRIES: Final = ("DE", "AT", "FR", "CZ", "PL", "CH", "IT", "ES", "PT", "GR", "TH", "US", "JP")
"""A prime number of them, for lists without repetition. Customers live in the first six."""

CITIES: Final = ("Nord", "Süd", "West", "Ost", "Mitte", "Übersee")
GRADES: Final = ("A", "B", "C", "D", "E")
TIERS: Final = ("classic", "silver", "gold", "black")
TAGS: Final = ("early-adopter", "paperless", "complaint-open", "branch-visitor", "investor")
"""A prime number of them too."""

FIRST_NAMES: Final = (
    "anna",
    "ben",
    "clara",
    "david",
    "emma",
    "felix",
    "greta",
    "hugo",
    "ida",
    "jan",
    "karla",
    "leo",
    "mia",
    "noah",
    "olga",
    "paul",
)
LAST_NAMES: Final = (
    "adler",
    "bauer",
    "carlsen",
    "dvorak",
    "ehlers",
    "fischer",
    "graf",
    "huber",
    "ivanov",
    "jansen",
    "keller",
    "lang",
    "meyer",
    "novak",
    "ott",
    "peters",
)
DOMAINS: Final = ("example.com", "example.org", "mail.example", "post.example")
