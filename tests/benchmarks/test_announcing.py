"""What the benchmark of announcements says of its messages is true of them."""

from benchmarks.announcing import CHANGING, KEEPING, messages
from saga.core import State, announce, decide
from saga.messages.facts import read_fact
from saga.orders import order_process


def test_each_of_the_changing_messages_is_announced_and_none_of_the_others() -> None:
    process = order_process()
    state, given = State.start(process), messages(1)
    announced = []
    for name, several in given.items():
        for one in several:
            decision = decide(process, state, read_fact(process.message_types[one.type], one.data))
            state, said = announce(process, decision.state, decision.outcome)
            announced.append((name, said is not None))
    assert announced[1:] == [(CHANGING, True), (KEEPING, False), (KEEPING, False)]
