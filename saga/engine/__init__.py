"""The durable step and what it consists of. Start with ``step``; knows processes, but none by name."""

from saga.engine.dead_letters import DeadLetterKind
from saga.engine.step import Step, StepResult

__all__ = ["DeadLetterKind", "Step", "StepResult"]
