"""The currencies of ISO 4217, by the number of digits after the point in which their amounts are counted.

Source: list one of the maintenance agency (SIX Group), published 2026-01-01,
https://www.six-group.com/dam/download/financial-information/data-center/iso-currrency/lists/list-one.xml
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segmentd.api.errors import InvalidFieldError

_WITHOUT_CENTS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_CENTS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU
CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_TEN_THOUSANDTHS = "CLF UYW"
_UNDIVIDED = "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"

EXPONENTS: Final[Mapping[str, int | None]] = {
    code: exponent
    for exponent, codes in (
        (0, _WITHOUT_CENTS),
        (2, _CENTS),
        (3, _THOUSANDTHS),
        (4, _TEN_THOUSANDTHS),
        (None, _UNDIVIDED),
    )
    for code in codes.split()
}
"""Digits after the point by code; None where the standard gives none (metals, units of account, XXX: no currency)."""

NO_CURRENCY: Final = "XXX"
"""The code for "no currency is involved"."""


def check_currency(code: str, field: str) -> None:
    """Raise InvalidFieldError unless the code is one of ISO 4217. `field` is where it stood in the request."""
    if code in EXPONENTS:
        return
    # Three letters are too few to guess a typo from: only the case and an ending are overlooked.
    likely = code.upper()[:3]
    hint = f"; did you mean {likely}?" if likely in EXPONENTS else ""
    raise InvalidFieldError(field, code, f"it must be a currency code of ISO 4217, such as EUR{hint}")
