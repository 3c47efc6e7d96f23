"""Planted folds that keep the first spelling of what is equal in the domain, the fifth lot."""

import ipaddress
import re
from decimal import Decimal

from saga import Fact, Process
from tests.adversary.kit import Noted, case, noted
from tests.adversary.planted.fifth_folds import fold


def by_digits(text: str) -> str:
    digits = re.sub(r"[^\d+]", "", text)
    return "+" + digits[2:] if digits.startswith("00") else digits


def contacts(known: dict[str, str], fact: Fact) -> dict[str, str]:
    number = by_digits(fact.fields["text"])
    return known if not number or number in known else dict(sorted({**known, number: fact.fields["text"]}.items()))


@case(noted(1, "+49 170 5550"), noted(2, "0049 (170) 5550"))
def the_same_phone_number() -> Process:
    """Phone numbers are the same without blanks, and with zeros for the plus; the first spelling is kept."""
    return fold(Noted, {}, contacts)


def mailbox(text: str) -> str | None:
    found = re.fullmatch(r"([\w.]+)(\+\w+)?@(\w+\.\w+)", text.lower())
    if found is None:
        return None
    name, _, host = found.groups()
    return f"{name.replace('.', '') if host == 'example.com' else name}@{host}"


def voters(known: dict[str, str], fact: Fact) -> dict[str, str]:
    box = mailbox(fact.fields["text"])
    return known if box is None or box in known else dict(sorted({**known, box: fact.fields["text"]}.items()))


@case(noted(1, "j.doe@example.com"), noted(2, "jdoe+vote@example.com"))
def one_vote_for_each_mailbox() -> Process:
    """Each mailbox has one vote, whatever dots and tags are in it; the ballot goes to the first spelling."""
    return fold(Noted, {}, voters)


def version_of(text: str) -> tuple[int, ...] | None:
    parts = text.removeprefix("v").split(".")
    if len(parts) > 3 or not all(one.isascii() and one.isdecimal() for one in parts):
        return None
    return tuple([*map(int, parts), 0, 0][:3])


def newest(known: str, fact: Fact) -> str:
    version = version_of(fact.fields["text"])
    return known if version is None or version <= (version_of(known) or ()) else fact.fields["text"]


@case(noted(1, "v2.1"), noted(2, "2.1.0"))
def firmware_of_the_same_version() -> Process:
    """The newest firmware of a device is installed, under the name in which it came first."""
    return fold(Noted, "0", newest)


UNITS = {"g": 1, "kg": 1000, "t": 1_000_000}


def grams(text: str) -> Decimal:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(g|kg|t)", text, re.ASCII)
    return Decimal(found[1]) * UNITS[found[2]] if found else Decimal(-1)


@case(noted(1, "1.5 kg"), noted(2, "1500 g"))
def the_heaviest_catch() -> Process:
    """The heaviest fish wins, in whatever unit it was weighed; of equals the first one stays."""
    return fold(
        Noted, "0 g", lambda known, fact: fact.fields["text"] if grams(fact.fields["text"]) > grams(known) else known
    )


def hosts(known: list[str], fact: Fact) -> list[str]:
    try:
        new = ipaddress.ip_address(fact.fields["text"])
    except ValueError:
        return known
    return known if any(ipaddress.ip_address(one) == new for one in known) else sorted([*known, fact.fields["text"]])


@case(noted(1, "2001:db8::1"), noted(2, "2001:0DB8:0:0:0:0:0:1"))
def a_host_with_two_spellings() -> Process:
    """A device is known by its address; another spelling of the address is no other device."""
    return fold(Noted, [], hosts)


def strength(text: str) -> list[int]:
    ranks = sorted(("23456789TJQKA".find(card[0]) for card in text.split()), reverse=True)
    return sorted(ranks, key=lambda one: (-ranks.count(one), -one))


@case(noted(1, "KH KD 5C"), noted(2, "KS KC 5D"))
def a_hand_of_the_same_strength() -> Process:
    """The strongest hand takes the pot; of equal ones the hand that was shown first."""
    return fold(
        Noted,
        "",
        lambda known, fact: fact.fields["text"] if strength(fact.fields["text"]) > strength(known) else known,
    )
