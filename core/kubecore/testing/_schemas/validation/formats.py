"""The formats of strings that the API server checks in custom resources."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

__all__ = ["FORMATS", "has_format"]

_HEX: Final = "[0-9a-fA-F]"


def has_format(name: str, text: str) -> bool | None:
    """Return whether a text has a format; None if the fake API server can't decide that.

    Args:
        name: The format; dashes do not matter.
        text: The text.
    """
    return FORMATS[name.replace("-", "")](text)


_UUID: Final = "{0}{{8}}-?{0}{{4}}-?{1}-?{2}-?{0}{{12}}"
_FOUR: Final = f"{_HEX}{{4}}"
_VARIANT: Final = f"[89abAB]{_HEX}{{3}}"


def _by(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _date(text: str) -> bool:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        return False
    try:
        # Go accepts the year 0, which is a leap year.
        date.fromisoformat("2000" + text[4:] if text.startswith("0000") else text)
    except ValueError:
        return False
    return True


_TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})([^\n][0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))")


def _date_time(text: str) -> bool:
    parts = text.lower().split("t")
    if len(text.encode()) < 4 or len(parts) < 2 or not _date(parts[0]):
        return False
    found = _TIME.fullmatch(parts[1])
    return found is not None and found[1] <= "23" and found[2] <= "59" and found[3] <= "59"


_GO_DURATION: Final = re.compile(r"[-+]?(0|(([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)")
_PART: Final = re.compile(r"(?<![0-9])([0-9]+)[\t\n\f\r ]*([A-Za-zµ]+)")
_UNITS: Final = frozenset(["ns", "us", "µs", "ms", "s", "m", "h", "d", "w", "hr", "wk"])
_LONG_UNITS: Final = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")


def _duration(text: str) -> bool | None:
    if len(text) > 15:
        return None if re.search("[0-9]{10}", text) else _is_duration(text)
    return _is_duration(text)


def _is_duration(text: str) -> bool:
    if _GO_DURATION.fullmatch(text):
        return True
    units = [unit.lower() for _, unit in _PART.findall(text)]
    return any(unit in _UNITS or unit.startswith(_LONG_UNITS) for unit in units)


_MAILBOX: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9.-]+")


def _email(text: str) -> bool | None:
    if _MAILBOX.fullmatch(text):
        domain = text.partition("@")[2]
        return True if ".." not in domain and not domain.startswith(".") and not domain.endswith(".") else None
    # Names, comments and quoted parts need the whole grammar of addresses.
    return False if "@" not in text else None


_HOST_PART: Final = r"[a-zA-Z0-9](-?[a-zA-Z0-9]{0,62})?"
_HOSTNAME: Final = re.compile(
    rf"{_HOST_PART}|([a-zA-Z0-9]([a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?\.)+[a-zA-Z]{{2,63}}", re.ASCII
)


def _hostname(text: str) -> bool | None:
    if not text.isascii() or re.search(r"[$+<=>^`|~]", text):
        return None
    return _HOSTNAME.fullmatch(text) is not None and len(text) <= 255 and all(len(p) <= 63 for p in text.split("."))


def _sloppy(text: str) -> str:
    """Return an IPv4 address without leading zeros."""
    return re.sub(r"(?<![0-9a-fA-F:])0+(?=[0-9])", "", text)


def _ipv4(text: str) -> bool | None:
    if ":" in text and "." in text:
        return None
    return "." in text and text.isascii() and _parses(ipaddress.IPv4Address, _sloppy(text))


def _ipv6(text: str) -> bool | None:
    if "%" in text or ("." in text and ":" in text):
        return None
    return text.isascii() and _parses(ipaddress.IPv6Address, text)


def _cidr(text: str) -> bool | None:
    address, slash, length = text.partition("/")
    if "%" in text or ("." in text and ":" in text):
        return None
    kind, most = (ipaddress.IPv6Address, 128) if ":" in address else (ipaddress.IPv4Address, 32)
    is_length = re.fullmatch("[0-9]{1,4}", length) is not None and int(length) <= most
    return bool(slash) and text.isascii() and is_length and _parses(kind, _sloppy(address))


def _parses(kind: Callable[[str], object], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True


_PAIRS: Final = "{0}{0}([:-]{0}{0}){{{1}}}"
_FOURS: Final = r"{0}{{4}}(\.{0}{{4}}){{{1}}}"
_MACS: Final = (
    re.compile(_PAIRS.format(_HEX, 5)),
    re.compile(_PAIRS.format(_HEX, 7)),
    re.compile(_PAIRS.format(_HEX, 19)),
    re.compile(_FOURS.format(_HEX, 2)),
    re.compile(_FOURS.format(_HEX, 3)),
    re.compile(_FOURS.format(_HEX, 9)),
)


_PLAIN_MAC: Final = re.compile(r"[0-9A-Fa-f]{12}(?:[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{24})?)?")


def _mac(text: str) -> bool:
    if _PLAIN_MAC.fullmatch(text):
        return True
    return len({sign for sign in text if sign in ":-."}) == 1 and any(shape.fullmatch(text) for shape in _MACS)


def _isbn10(text: str) -> bool:
    digits = re.sub(r"[\t\n\f\r -]+", "", text)
    if re.fullmatch(r"[0-9]{9}[0-9X]", digits) is None:
        return False
    return sum((10 if sign == "X" else int(sign)) * (10 - n) for n, sign in enumerate(digits)) % 11 == 0


def _isbn13(text: str) -> bool:
    digits = re.sub(r"[\t\n\f\r -]+", "", text)
    if re.fullmatch(r"[0-9]{13}", digits) is None:
        return False
    return sum(int(sign) * (3 if n % 2 else 1) for n, sign in enumerate(digits)) % 10 == 0


_CARD: Final = re.compile(
    r"(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11})"
)


def _credit_card(text: str) -> bool:
    digits = re.sub("[^0-9]+", "", text)
    doubled = [int(sign) * (2 if n % 2 else 1) for n, sign in enumerate(reversed(digits))]
    return _CARD.fullmatch(digits) is not None and sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _byte(text: str) -> bool:
    if not text or len(text) % 4 or re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text) is None:
        return False
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return True


_URL: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?([?#][!$&-;=?-Z_a-z~]*)?"
)


def _uri(text: str) -> bool | None:
    if re.fullmatch(r"/[A-Za-z0-9._~/?=&-]*", text) or _URL.fullmatch(text):
        return True
    # Other texts need the whole grammar of URLs.
    return False if re.fullmatch(r"[A-Za-z0-9]*", text) else None


_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SHORT: Final = re.compile(_LABEL)
_LONG: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_COLOUR: Final = r"(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])"
_BLANK: Final = r"[\t\n\f\r ]*"

_BSON: Final = re.compile(f"{_HEX}{{24}}")
_UUIDS: Final = re.compile(_UUID.format(_HEX, _FOUR, _FOUR))
_UUID3: Final = re.compile(_UUID.format(_HEX, f"3{_HEX}{{3}}", _FOUR))
_UUID4: Final = re.compile(_UUID.format(_HEX, f"4{_HEX}{{3}}", _VARIANT))
_UUID5: Final = re.compile(_UUID.format(_HEX, f"5{_HEX}{{3}}", _VARIANT))
_SSN: Final = re.compile(r"[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}")
_HEX_COLOUR: Final = re.compile(f"#?({_HEX}{{3}}|{_HEX}{{6}})")
_RGB: Final = re.compile(rf"rgb\({_BLANK}{_COLOUR}{_BLANK},{_BLANK}{_COLOUR}{_BLANK},{_BLANK}{_COLOUR}{_BLANK}\)")

FORMATS: Final[Mapping[str, Callable[[str], bool | None]]] = MappingProxyType(
    {
        "bsonobjectid": _by(_BSON),
        "uri": _uri,
        "email": _email,
        "hostname": _hostname,
        "ipv4": _ipv4,
        "ipv6": _ipv6,
        "cidr": _cidr,
        "mac": _mac,
        "uuid": _by(_UUIDS),
        "uuid3": _by(_UUID3),
        "uuid4": _by(_UUID4),
        "uuid5": _by(_UUID5),
        "isbn": lambda text: _isbn10(text) or _isbn13(text),
        "isbn10": _isbn10,
        "isbn13": _isbn13,
        "creditcard": _credit_card,
        "ssn": _by(_SSN),
        "hexcolor": _by(_HEX_COLOUR),
        "rgbcolor": _by(_RGB),
        "byte": _byte,
        "password": lambda _: True,
        "date": _date,
        "duration": _duration,
        "datetime": _date_time,
        "k8sshortname": lambda text: len(text) <= 63 and _SHORT.fullmatch(text) is not None,
        "k8slongname": lambda text: len(text) <= 253 and _LONG.fullmatch(text) is not None,
    }
)
"""The checks of formats, by names without dashes."""
