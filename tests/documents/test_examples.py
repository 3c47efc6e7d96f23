"""The Python of the pages is run from top to bottom, each page as one module."""

import doctest
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from types import ModuleType
from typing import Any

import pytest

import saga
from saga import Process, every, outcomes, wanted
from saga.messages.facts import read_fact
from saga.orders.messages import OrderCancelled, PaymentReceived, PaymentTimedOut
from saga.orders.process import CANCELLATION, DEADLINE, PAYMENTS, Outcome, order_process
from saga.testing import Scenario, assert_converges
from tests.documents.pages import ROOT, blocks

Names = dict[str, Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Names]:
    """Run the examples of a page; what they define."""

    def run(page: str) -> Names:
        module = ModuleType("page")
        monkeypatch.setitem(sys.modules, "page", module)
        for number, (language, text) in enumerate(blocks(page, "python", "pycon")):
            title = f"{page}, example {number}"
            if language == "pycon":
                _converse(text, vars(module), title)
            else:
                exec(compile(text, title, "exec"), vars(module))  # noqa: S102 -- a page of this repository
        return vars(module)

    return run


def _converse(text: str, names: Names, title: str) -> None:
    """Run what is typed, and compare what is answered."""
    example = doctest.DocTestParser().get_doctest(text, names, title, None, 0)
    failures: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=failures.append, clear_globs=False)
    assert not failures, "".join(failures)


def test_what_the_page_on_declaring_declares_converges(run: Callable[[str], Names]) -> None:
    names = run("docs/declaring.md")
    names["test_returns_converge"]()
    processes = [one for one in names.values() if isinstance(one, Process)]
    assert {one.name for one in processes} == {"returns-desk", "desk", "shop"}
    for process in processes:
        assert_converges(process)


def test_the_single_elements_of_that_page_make_a_process_that_converges(run: Callable[[str], Names]) -> None:
    names = run("docs/declaring.md")
    selections = ("ALL_BUT_THE_CHEAPEST", "HEAVY")
    refunds = {name: replace(names["REFUND"], name=name.lower(), collaborator=name.lower()) for name in selections}
    refunded = {refunds[name]: names[name] for name in selections}
    process = Process(
        name="everything",
        version=1,
        correlate="return_id",
        inputs={
            "returns": tuple(names[one] for one in ("ReturnAnnounced", "ReturnWithdrawn")),
            "warehouse": (names["ParcelArrived"],),
        },
        machines=(names["PARCEL"], names["CUSTOMER"], names["KNOWN"]),
        registers=(names["ANNOUNCED"], names["PARCELS"], names["HEAVIEST"]),
        outcomes=outcomes(names["OUTCOMES"], names["BY_VALUE"].columns[0], rule=lambda outcome, _: outcome, name="all"),
        wanted=(
            names["LABELS"],
            names["REFUNDS"],
            wanted(
                rows=[
                    ({names["TRANSFER"]: every(names["PARCELS"]), names["RECEIPT"]: names["Refund"].PAID, **refunded},)
                ]
            ),
        ),
        settled=frozenset(names["Outcome"]),
    )
    assert_converges(process)


def test_the_page_on_declaring_names_everything_that_one_declares_with() -> None:
    text = (ROOT / "docs/declaring.md").read_text()
    assert [name for name in saga.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_the_declaration_of_the_readme_comes_to_what_the_readme_says(run: Callable[[str], Names]) -> None:
    names = run("README.md")
    order = replace(
        order_process(),
        machines=(names["PAYMENT"], DEADLINE, CANCELLATION),
        registers=(PAYMENTS,),
        inputs={"payments": (PaymentReceived,), "scheduler": (PaymentTimedOut,), "orders": (OrderCancelled,)},
        outcomes=names["OUTCOMES"],
        wanted=(names["WANTS"],),
        settled=frozenset(Outcome),
    )
    assert_converges(order)
    payment = PaymentReceived(order_id="o", payment_id="p", amount=1, currency="EUR")
    timeout, cancellation = PaymentTimedOut(order_id="o"), OrderCancelled(order_id="o")
    for three in permutations((payment, timeout, cancellation)):
        Scenario(order).given(*three).then(outcome=Outcome.REFUNDED)
    for two in permutations((payment, timeout)):
        Scenario(order).given(*two).then(outcome=Outcome.PAID)


def test_the_versions_of_the_page_on_evolving_go_on_or_do_not_as_it_says(run: Callable[[str], Names]) -> None:
    names = run("docs/evolving.md")
    names["test_returns_that_began_under_version_1_go_on_under_version_2"]()
    renamed = read_fact(names["ParcelArrived"], {"return_id": "r", "parcelId": "p"})
    assert renamed.fields == {"return_id": "r", "parcel_id": "p", "weight": None}
