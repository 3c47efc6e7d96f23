"""Collaborators: handle each command once, let the greatest revision hold, and keep rejected messages with the reason.

docs/wire.md says what a collaborator must do. A ``Collaborator`` does that; its handlers carry the commands out.
"""

from saga.collaborator.collaborator import Collaborator, CommandHandler, Result
from saga.collaborator.commands import Cause, Command, Refusal
from saga.endpoint import monitored
from saga.postgres import Unavailable
from saga.tracing import traced

__all__ = [
    "Cause",
    "Collaborator",
    "Command",
    "CommandHandler",
    "Refusal",
    "Result",
    "Unavailable",
    "monitored",
    "traced",
]
