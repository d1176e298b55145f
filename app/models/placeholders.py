"""Takes personal data out of what goes to a remote model, and puts it back into what comes from there.

E-mail addresses, phone numbers, card numbers and IBANs become <EMAIL_1>, <PHONE_1>, …; amounts, dates and order ids stay,
since the decision needs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_EMAIL = re.compile(r"(?<![\w.+'-])[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_PHONE = re.compile(
    r"(?<![\w#-])(?:\+\d[\d ().\/-]{6,18}\d|\(?0?\d{2,4}\)?[ .\/-]\d{2,4}(?:[ .\/-]\d{2,5}){1,3})(?![\w-])"
)
_DATE = re.compile(r"^\d{4}[-./]\d{1,2}[-./]\d{1,2}$|^\d{1,2}[-./]\d{1,2}[-./]\d{2,4}$")
_PLACE = re.compile(r"<(?:EMAIL|PHONE|CARD|IBAN)_\d+>")


class Placeholders:
    """One call's own table; it lives no longer than the call."""

    def __init__(self) -> None:
        self._by_value: dict[str, str] = {}
        self._taken: set[str] = set()

    def hide(self, text: str) -> str:
        """The text with each piece of personal data replaced; the same piece always by the same word."""
        self._taken.update(_PLACE.findall(text))  # words that a customer wrote by themselves are never given out
        text = _EMAIL.sub(lambda m: self._word("EMAIL", m[0]), text)
        text = _IBAN.sub(lambda m: self._word("IBAN", m[0]) if _is_iban(m[0]) else m[0], text)
        text = _CARD.sub(lambda m: self._word("CARD", m[0]) if _is_card(m[0]) else m[0], text)
        return _PHONE.sub(lambda m: self._word("PHONE", m[0]) if _is_phone(m[0]) else m[0], text)

    def show(self, value: Any) -> Any:
        """Strings anywhere in a JSON value with the personal data back; a word that was not given out stays as it is."""
        if isinstance(value, str):
            given = {word: piece for piece, word in self._by_value.items()}
            return _PLACE.sub(lambda m: given.get(m[0], m[0]), value)
        if isinstance(value, Mapping):
            return {key: self.show(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.show(each) for each in value]
        return value

    def _word(self, kind: str, piece: str) -> str:
        if piece not in self._by_value:
            number = 1
            while f"<{kind}_{number}>" in self._taken:
                number += 1
            self._by_value[piece] = f"<{kind}_{number}>"
            self._taken.add(self._by_value[piece])
        return self._by_value[piece]


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _is_card(text: str) -> bool:
    """By Luhn's check digit (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(_digits(text))):
        number = int(digit) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _is_iban(text: str) -> bool:
    """By its check digits (ISO 13616, mod 97)."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _is_phone(text: str) -> bool:
    return 8 <= len(_digits(text)) <= 15 and not _DATE.match(text)
