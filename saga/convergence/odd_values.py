"""Odd values: what a type admits and functions rarely think of.

They are kinds of trouble, a few values of each: texts that look like a number, a time, a pattern, a template, an
address or a value of another language, and are none, or are one that few expect; texts that are equal for people, or
in another case only; numbers that a float can't tell apart; times that are one moment in two zones, have no zone, or
are at the end of the calendar. The type of a field decides which of them it admits.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)

_SECONDS: Final = (0, 1, 10, 59, 60, 90, 300, 600, 900, 1_800, -1, -60, -3_600, -86_400, -86_400 * 400)
_HOURS: Final = (1, 2, 6, 12, 24, 36, 48)
_DAYS: Final = (7, 13, 14, 15, 29, 30, 31, 45, 60, 90, 100, 180, 364, 365, 366, 730, 1_000, 1_461, 3_653)

_PEOPLE: Final = (
    "\u00e9 e\u0301 E\u0301 \u00c9 \u00df ss SS \u1e9e \u0130 i\u0307 \u0131 i I \u017f s S \u212a k K \ufb01 fi"
    " \u00c5 \u212b \u03c3 \u03c2 \u03a3 \uff21 \uff11 \u01c5 \u0149 \U0001f600 \U0001f44d\U0001f3fb \u65e5\u672c"
    " \u03a9 \u0301 \u200b a\u200bb \ufeffa \u202ea \u20ac \u0663 Ma\u00df"
)
_NUMBERS_WRITTEN: Final = (
    "0 -0 -1 +5 007 7 7.0 1e3 1E400 1e-400 1_000 1,000 1.000,00 1,5 .5 5. 0x1f 0b1 1/3 1/0 NaN nan sNaN -nan"
    " Infinity -inf inf \u00b2 \u0661\u0662 \u00bd \u2162 \u4e09 \uff17 9007199254740993"
    " 9007199254740992 99999999999999999999 18446744073709551616 9999999999999999999999999999"
    " 12345678901234567890123456789.25 0.3333333333333333333333333333333 3.14 10% $5 1.10 1.9 1.10.0 v2 1.0.0-rc1 12a -"
)
_TEMPLATES: Final = (
    "{ } {} {0} {9} {name} {0.x} {!r} % %s %d %(name)s 100% %% %z $ $$ ${ $name \\ \\1 \\g<x> ( ) [ [a * + ? a|b"
    " .* ^ (?P< a{2 (?i)a (a+)+$ . [] [!a] \\d"
)
_SEPARATED: Final = (
    ", ; : | / - _ = # & @ a,b b,a a,,b a, a;b a:b a:b:c a=b a= =a a=b=c a|b a/b a/b/ /a a//b a/../b a-b a_b a.b"
    ' a#b a->b " \' "a a"b\'c a&b=c a+b ~ ` <a> <a &amp; -- .. \\n A-1 A- AB-12-x'
)
ADDRESSES: Final = (
    *("10.0.0.0/8", "10.0.0.1", "10.0.0.0/24", "10.0.0.1/32", "10.0.0.1/8", "127.0.0.1"),
    *("::1", "0:0:0:0:0:0:0:1", "::ffff:10.0.0.1"),
)
"""Addresses of a network: some in another one, some in two spellings."""
_ADDRESSES: Final = (
    "http://[ //[a //a] http://[::1]/ http://a:b/ http://a:99999/ //a http:// https://example.org/a?b=1&b=2#c"
    " https://example.org https://example.org:443/ mailto:a@b a@b@c a@ a@example.org"
    " 256.1.1.1 de_DE Europe/Berlin Mars/Phobos ../x 00000000-0000-0000-0000-000000000000"
    " ABCDEF00-0000-4000-8000-00000000000A {00000000-0000-4000-8000-000000000001} abc= YQ== YQ zz c0ffee ff"
)
_CAPITALS: Final = tuple(one.upper() for one in ("https://example.org", "a@example.org"))
_LITERALS: Final = (
    'null None true True false False yes no on [] {} {"a":1} {"a" [1 "x" {"a":1,"a":2} [1,2] (1,) x X'
    " xx xX a A b B ab ba aB abc z unknown"
)
_TIMES_WRITTEN: Final = (
    "2026-01-01T01:00:00+01:00 2025-12-31T19:00:00-05:00 2026-01-01T00:00:00+00:00 2026-01-01T00:00:00 2026-01-01"
    " 2026-01-02 2026-01-31 2026-02-28 2026-12-31 2024-02-29 2024-02-29T12:00:00Z 2027-03-01 2030-06-15 2020-01-01"
    " 20260101 2026-W01-1 2026-1-1 01.02.2026 0001-01-01 9999-12-31 0001-01-01T00:00:00Z 0001-01-01T00:00:00+14:00"
    " 9999-12-31T23:59:59.999999Z 9999-12-31T23:59:59-14:00 1969-12-31T23:59:59Z 1970-01-01 2026-03-29T02:30:00"
    " 2026-10-25T02:30:00 2026-03-29T01:30:00Z 2026-10-25T00:30:00Z 2026-10-25T01:30:00Z 2026-01-01T00:00:00.5Z"
    " 2026-01-01T24:00:00 2026-01-03T12:00:00Z 2026-01-04T12:00:00Z 2026-01-05T12:00:00Z 2026-06-30T23:59:60Z"
    " 2026-02-30 00:00:00 23:59:59.999999 12:00 12:00:00+02:00 25:00 P1D PT36H -P1D PT0S P30D P400D P999999999D"
    " PT0.000001S monday now 1767225600"
)
_SPACED: Final = (
    *("", " ", "  ", "\t", "\n", "a\n", " a", "a ", "a  b", "a\tb", "a\r\nb", "a\x1cb", "\x0b", "\u00a0", "\u2028"),
    *("a b", "b a", " 7 ", "5 EUR", "a\u00a0b", "2026-01-01 00:00:00", "Jan 1 2026", "Ma\u00df 5", "[1, 2]"),
)
_LONG: Final = ("x" * 300, "a b " * 60, "\u00e9" * 130)

WHOLE: Final = (
    *range(13),
    *(15, 16, 17, 20, 24, 25, 30, 31, 32, 33, 34, 49, 50, 51, 60, 64, 66, 67, 75, 80, 90, 99, 100, 101, 120, 127, 128),
    *(150, 200, 250, 255, 256, 300, 333, 334, 365, 366, 400, 499, 500, 501, 999, 1_000, 1_001, 1_500, 5_000, 9_999),
    *(10_001, 65_535, 65_536, 100_000, 1_000_000, -1, -2, -5, -10, -99, -100, -101, -1_000),
)
HUGE: Final = (2**31 - 1, 2**31, 2**32, 10**12, 2**53 - 1, 2**53, 2**53 + 1, 2**53 + 2, -(2**53), -(2**53) - 1)
"""One of them times a hundred is still a number of 64 bits. The product of two is for the class to bound."""
FRACTIONS: Final = (
    *(0.0, 1.0, 2.0, 3.0, 100.0, -1.0, 0.1, 0.2, 0.3, 0.1 + 0.2, 0.5, 1.5, 2.5, 3.5, 0.25, 0.75, 0.05, 0.005, 1.005),
    *(2.675, 1 / 3, 2 / 3, 0.99, 0.999999, 1.000001, 9.99, 10.5, 33.3, 99.9, 99.99, 100.01, 1e-9, -1e-9, -0.5, -1.5),
    *(1e-300, 5e-324, 1e6 + 0.1, float(2**53), 1e15 + 0.3, 1e17, 1e22, 1e300),
)
_FEW: Final[tuple[Any, ...]] = (
    *(None, "", " ", "a", "A", "1", 0, 1, 2, -1, 1.0, 0.5, True, "{", "a,b", "\u00df", "2026-01-01", [], {}),
)
_LISTS: Final[tuple[list[Any], ...]] = (
    *([], ["a", "a"], ["a", "b", "a"], ["b", "a", "b"], ["a", "A"], ["a"] * 20, [1, 1], [1, 2, 1], [2, 1, 2], [1, 1.0]),
)
_MAPPINGS: Final[tuple[dict[str, Any], ...]] = (
    *({}, {"b": "x", "a": "y"}, {"a": "y", "b": "x"}, {"": "x"}, {"a": 1, "A": 2}, {"b": 1, "a": 2}, {"b": 2, "a": 1}),
)
_KEYS: Final = ("", " a", "A", "1", "a.b", "\u00e9")
_PER_ITEM: Final = 14
_MODEST: Final = 1e6

_PATHS: Final = ("a/b", "a//b", "a/b/", "a/./b", "a/c/../b", "/a/b")
_QUOTED: Final = ("a b", "a+b", "a%20b", "a%2Bb")
_WEB: Final = ("http://a.example/b", "HTTP://A.example/b", "http://a.example:80/b", "http://a.example/b?c=1&d=2")
SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("normpath", "abspath", "realpath", "basename", "dirname", "splitext"), _PATHS),
    **dict.fromkeys(("Path", "PurePath", "PurePosixPath", "PosixPath", "posixpath"), _PATHS),
    **dict.fromkeys(("unquote", "unquote_plus", "parse_qs", "parse_qsl"), (*_QUOTED, "a=1&b=2", "b=2&a=1")),
    **dict.fromkeys(("urlparse", "urlsplit", "urlunsplit"), _WEB),
    "unescape": ("a & b", "a &amp; b", "a &#38; b", "&lt;a"),
    "Fraction": ("1/2", "2/4", "0.5", "1/3", "2/6"),
    "literal_eval": ("[1, 2]", "[1,2]", "(1, 2)", "1.0", "1", "'a'"),
    **dict.fromkeys(("b64decode", "urlsafe_b64decode"), ("YQ==", "YR==", "YWI=", "YWI")),
    **dict.fromkeys(("fromhex", "unhexlify"), ("ab", "AB", "a b", "ab cd")),
    "UUID": ("12345678" * 4, "12345678-1234-5678-1234-567812345678", "{" + "12345678" * 4 + "}"),
    **dict.fromkeys(("parseaddr", "getaddresses"), ("a@b.example", "A <a@b.example>", "<a@b.example>", "A@b.example")),
    "parsedate_to_datetime": ("Mon, 05 Jan 2026 10:00:00 +0000", "Mon, 05 Jan 2026 11:00:00 +0100"),
    **dict.fromkeys(("shlex", "split"), ("a b", "a  b", "'a' b", "b a")),
    **dict.fromkeys(("dedent", "expandtabs", "strip", "capwords"), ("a", " a", "a ", "\ta", "a\n")),
}
"""By the name of what reads them: texts of which some have one meaning there."""


def odd_scalars() -> Iterator[Any]:
    """All odd values that are no list and no mapping, those of each kind together."""
    yield from (None, True, False)
    yield from _LONG
    yield from _PEOPLE.split(" ")
    yield from (*_SPACED, *_CAPITALS, *ADDRESSES)
    for written in (_NUMBERS_WRITTEN, _TEMPLATES, _SEPARATED, _ADDRESSES, _LITERALS, _TIMES_WRITTEN):
        yield from written.split(" ")
    yield from ladder(BEGIN)
    yield from (*WHOLE, *HUGE, *FRACTIONS)


def ladder(begin: datetime, numbers: Sequence[int | float] = ()) -> Iterator[str]:
    """Times at usual distances from one another, and at those that these numbers are in some unit."""
    steps = [timedelta(seconds=one) for one in _SECONDS]
    steps += [timedelta(hours=one) for one in _HOURS]
    steps += [timedelta(days=one) for one in _DAYS]
    for number in numbers:
        for unit in ("seconds", "minutes", "hours", "days") if 0 < number < 10_000 else ():
            step = timedelta(**{unit: float(number)})
            steps += [step, step / 2, step - timedelta(seconds=1), step + timedelta(seconds=1)]
    for step in dict.fromkeys(steps):
        yield (begin + step).isoformat().replace("+00:00", "Z")


def odd_nested(annotation: Any, depth: int = 2) -> Iterator[Any]:
    """Odd lists and mappings of a type, and odd values within them: repeated, in another order, empty, and many."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if not depth:
        return
    if origin in {Annotated, Union, UnionType}:
        for one in inner[:1] if origin is Annotated else inner:
            yield from odd_nested(one, depth)
    elif origin in {list, tuple} or annotation in (list, tuple, Any):
        yield from _lists(inner[0] if inner else Any, depth)
    if origin is dict or annotation in (dict, Any):
        yield from _mappings(inner[1] if len(inner) > 1 else Any, depth)


def _lists(item: Any, depth: int) -> Iterator[Any]:
    few = [*islice(odd_nested(item, depth - 1), 4), *_FEW]
    yield from _LISTS
    yield from ([one] for one in few)
    for one in few[:_PER_ITEM]:
        yield from ([one, one], ["a", one], [one, "a"], [1, one], [one, 1])


def _mappings(value: Any, depth: int) -> Iterator[Any]:
    few = [*islice(odd_nested(value, depth - 1), 4), *_FEW]
    yield from _MAPPINGS
    yield from ({key: given} for key in _KEYS for given in ("x", 1))
    yield from ({"a": one} for one in few)
    yield from ({"a": one, "b": one} for one in few[:_PER_ITEM])


def is_modest(value: Any) -> bool:
    """Whether a value may stand beside other odd ones: the product of two huge ones says nothing."""
    return type(value) not in (int, float) or abs(value) <= _MODEST


def has_negative(value: Any) -> bool:
    """Whether a number below zero is anywhere in a value."""
    if isinstance(value, dict):
        return any(map(has_negative, value.values()))
    if isinstance(value, list):
        return any(map(has_negative, value))
    return type(value) in (int, float) and value < 0
