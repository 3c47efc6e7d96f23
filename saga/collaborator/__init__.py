"""What takes commands: each once, the greatest revision holds, and what can't be carried out is kept with its reason.

docs/wire.md says what a collaborator must do; a ``Collaborator`` does it, and leaves to its handlers what a command
means.
"""

from saga.collaborator.collaborator import Collaborator, CommandHandler, Result
from saga.collaborator.commands import Cause, Command, Refusal
from saga.postgres import Unavailable

__all__ = ["Cause", "Collaborator", "Command", "CommandHandler", "Refusal", "Result", "Unavailable"]
