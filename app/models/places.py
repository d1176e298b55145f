"""Finds the address that a customer means: typed out, the default one, another order's, or the one in the city they name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from app.actions.choices import ADDRESS, Known, Values
from app.models.options import written_out
from store.contract import Json

_TYPED = re.compile(
    r"(?P<address1>\d{1,6}[A-Za-z]? [A-Z][\w.'’]*(?: [A-Z][\w.'’]*){0,4}),?\s+"
    r"(?:(?P<address2>(?:Suite|Apt\.?|Apartment|Unit|Floor|#) ?\w+),?\s+)?"
    r"(?P<city>[A-Z][A-Za-z.'’-]+(?: [A-Z][A-Za-z.'’-]+){0,2}),?\s+(?P<state>[A-Z]{2}),?\s+(?P<zip>\d{5}(?:-\d{4})?)"
    r"(?:,?\s+(?P<country>USA|US|United States))?"
)
_TYPED_IN_EUROPE = re.compile(
    r"(?P<address1>(?:\b[A-Z][^\W\d_]{0,30}(?:[.'’-][^\W\d_]{0,30})? (?:de |del |la |der |den |am |an |in )?){1,4}"
    r"\d{1,5}(?:[ -]?[A-Za-z0-9]{1,3})?),?\s*(?P<zip>\d{4} ?[A-Z]{2}\b|\d{4,5})\s"
    r"(?P<city>[^\W\d_a-z][\w.'’-]{1,30}(?: [^\W\d_a-z][\w.'’-]{1,30}){0,2})"
    r"(?:,\s*(?P<country>[A-Z][A-Za-z]+))?"
)
_WITHOUT_STATE = re.compile(
    r"(?P<address1>\d{1,6}[A-Za-z]? [A-Z][\w.'’]*(?: [A-Z][\w.'’]*){0,4}),\s+"
    r"(?:(?P<address2>(?:Suite|Apt\.?|Apartment|Unit|Floor|#) ?\w+),\s+)?"
    r"(?P<city>[A-Z][A-Za-z.'’-]+(?: [A-Z][A-Za-z.'’-]+){0,2}),?\s+(?P<zip>\d{5})\b"
)
_STATES = (
    "CT:060-069 MA:010-027 RI:028-029 NH:030-038 ME:039-049 VT:050-059 NJ:070-089 NY:100-149 PA:150-196 DE:197-199"
    " DC:200-205 MD:206-219 VA:220-246 WV:247-268 NC:270-289 SC:290-299 GA:300-319 FL:320-349 AL:350-369"
    " TN:370-385 MS:386-397"
    " GA:398-399 KY:400-427 OH:430-459 IN:460-479 MI:480-499 IA:500-528 WI:530-549 MN:550-567 SD:570-577 ND:580-588"
    " MT:590-599 IL:600-629 MO:630-658 KS:660-679 NE:680-693 LA:700-714 AR:716-729 OK:730-749 TX:750-799 CO:800-816"
    " WY:820-831 ID:832-838 UT:840-847 AZ:850-865 NM:870-884 NV:889-898 CA:900-961 HI:967-968 OR:970-979 WA:980-994"
    " AK:995-999"
)
"""The US Postal Service's first three digits of zips by state."""
_SHORT = {"NYC": "New York", "LA": "Los Angeles", "SF": "San Francisco", "DC": "Washington", "Philly": "Philadelphia"}
"""Cities as people shorten them."""
_DEFAULT = re.compile(
    r"\b(?:default|home|profile|account)(?: \w+)? address\b|\baddress (?:on file|in my (?:profile|account))\b", re.I
)
_OTHER = re.compile(r"\b(?:my|the|an) ?other order|another order|different order\b", re.I)
_FLAT = re.compile(
    r"\b(?P<kind>Suite|Apt\.?|Apartment|Unit|Floor)\s(?:(?:number|no\.?)\s)?(?:is\s|to\s)?#?(?P<number>\d{1,6}[A-Za-z]?)\b",
    re.I,
)
_REST_STAYS = re.compile(
    r"\b(?:everything|all|the rest)(?: (?:else|of it|of the address|the rest)){0,2}"
    r" (?:remains?|stays?|is|are|(?:should|can|will|must) (?:be|stay|remain))"
    r" (?:(?:exactly|all) )?(?:the same|unchanged|as (?:it )?is)\b"
    r"|\bonly the (?:suite|apartment|apt|unit|floor)(?: number)?\b[^.;]{0,20}\b(?:chang\w+|wrong|different)\b",
    re.I,
)
"""Only the flat is another one. Without these words a flat alone is no address."""
_SAME_AS = re.compile(
    r"\b(?:same (?:as|address as)|address (?:of|from|in|on)|as (?:in|on|for)|like)\s+(?:in |of |on |my |the )*(?:order )?$",
    re.I,
)


def pointed_at(text: str, shop: Known) -> list[str]:
    """Orders that a text names only for their address ("same as #W2")."""
    found = []
    for key in shop.orders:
        for match in re.finditer(rf"#?{re.escape(key.lstrip('#'))}(?!\w)", text, re.I):
            if _SAME_AS.search(text[: match.start()]):
                found.append(key)
    written = [row["order_id"] for row in written_out(text) if "order_id" in row]
    return [key for key in found if key not in written]


def address(text: str, texts: Sequence[str], order: Values | None, shop: Known) -> tuple[Json, str]:
    """The address meant, written out or one of the customer's own; why not: `several`, ``."""
    for written in written_out(text):
        if "address1" in written:
            return _clean(written), ""
    patterns = (_TYPED, _TYPED_IN_EUROPE)
    typed = next((hit for each in (text, *texts) for pattern in patterns if (hit := pattern.search(each))), None)
    if typed:
        country = (shop.customer.get("address") or {}).get("country") or ""
        return _clean({"country": country} | {key: value for key, value in typed.groupdict().items() if value}), ""
    if short := next((hit for each in (text, *texts) if (hit := _WITHOUT_STATE.search(each))), None):
        country = str((shop.customer.get("address") or {}).get("country") or "")
        state = _state(short["zip"]) if country.upper() in ("US", "USA", "UNITED STATES") else ""
        if state:
            return _clean({"country": country, "state": state} | {k: v for k, v in short.groupdict().items() if v}), ""
    if (moved := _other_flat((text, *texts), _clean((order or shop.customer).get("address")))) is not None:
        return dict(moved), ""
    found = _own(text, texts, order, shop)
    return (found[0], "") if len(found) == 1 else (None, "several" if found else "")


def _other_flat(texts: Sequence[str], known: Mapping[str, str]) -> dict[str, str] | None:
    """The address on file with the flat that the customer names, where they say that the rest of it stays."""
    if not known["address1"] or not any(_REST_STAYS.search(each) for each in texts):
        return None
    named = {f"{hit['kind'].capitalize()} {hit['number']}" for each in texts for hit in _FLAT.finditer(each)}
    new = named - {known["address2"]}
    return {**known, "address2": new.pop()} if len(new) == 1 else None


def _state(zip_code: str) -> str:
    """The state of a US zip; empty where there is none."""
    for row in _STATES.split():
        state, first, last = row[:2], row[3:6], row[7:]
        if first <= zip_code[:3] <= last:
            return state
    return ""


def _own(text: str, texts: Sequence[str], order: Values | None, shop: Known) -> list[dict[str, str]]:
    """Of the customer's addresses those that fit: another order's, the one in a named city, the default one, the other."""
    pointed = pointed_at(text, shop)
    if pointed:
        return [_clean(shop.orders[pointed[0]].get("address"))]
    places = _known(shop)
    others = [place for place in places if place != _clean((order or shop.customer).get("address"))]
    for each in (_after_to(text), text):
        named = _the_named(each, others) or _the_named(each, places)
        if named:
            return named
    if order is not None and _DEFAULT.search(text):
        return [_clean(shop.customer.get("address"))]
    if _OTHER.search(text) and len(others) == 1:
        return others
    return next((named for each in texts if len(named := _the_named(each, others)) == 1), [])


def _the_named(text: str, places: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [dict(place) for place in places if _names(text, place)]


def _known(shop: Known) -> list[dict[str, str]]:
    rows = [shop.customer.get("address"), *(order.get("address") for order in shop.orders.values())]
    found: list[dict[str, str]] = []
    for row in rows:
        if row and _clean(row) not in found:
            found.append(_clean(row))
    return found


def _clean(row: Mapping[str, Json] | None) -> dict[str, str]:
    return {name: str((row or {}).get(name) or "") for name in ADDRESS}


def _after_to(text: str) -> str:
    return re.split(r"\bto\b", text)[-1]


def _names(text: str, place: Mapping[str, str]) -> bool:
    """Whether the text says the street, the flat or the city of a place, and no other number than the place's own: a house
    number or zip that is not on file belongs to an address that we do not know."""
    own = " ".join(place.values())
    if any(number not in re.findall(r"\d+", own) for number in re.findall(r"(?<![\w#-])\d+(?![\w-])", text)):
        return False
    for short, city in _SHORT.items():
        text = re.sub(rf"\b{short}\b", city, text)
    return any(
        bool(place[name]) and re.search(rf"\b{re.escape(place[name])}\b", text, re.I) is not None
        for name in ("address1", "address2", "city")
    )
