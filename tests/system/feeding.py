"""How services get what they consume. Whatever it is, the same has to come of it."""

from enum import Enum


class Feeding(Enum):
    """Pushed by the broker; pulled from the logs, with a broker beside them; or from the logs, and no broker at all."""

    PUSHED = "pushed"
    PULLED = "pulled"
    NO_BROKER = "no broker"

    @property
    def has_broker(self) -> bool:
        return self is not Feeding.NO_BROKER

    @property
    def is_from_logs(self) -> bool:
        return self is not Feeding.PUSHED
