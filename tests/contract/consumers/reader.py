"""What a team does that wants to know what became of orders: of each it lets the greatest revision hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.consumers.from_contract import announcements


@dataclass
class Reader:
    """A reader that goes by a contract. ``believed`` are revision and outcome of each order that it received of."""

    document: Mapping[str, Any]
    queue: str
    believed: dict[str, tuple[int, str]] = field(default_factory=dict)
    final: set[str] = field(default_factory=set)
    types: list[str] = field(default_factory=list)

    @property
    def bindings(self) -> list[tuple[str, str]]:
        """The exchange and the routing key of everything to bind its queue to."""
        return [(one.exchange, one.routing_key) for one in announcements(self.document).values()]

    def handle(self, headers: Mapping[str, Any], body: bytes) -> None:
        """Take an announcement. Raises an error for one that is not as the contract says."""
        described = announcements(self.document)[headers["ce-type"]]
        data = described.model().model_validate(described.require(headers, body)).model_dump()
        self.types.append(described.kind)
        known = self.believed.get(data["order_id"], (0, ""))
        self.believed[data["order_id"]] = max(known, (data["revision"], data["outcome"]))
        if data["final"]:
            self.final.add(data["order_id"])
