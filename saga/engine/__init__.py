"""The durable step and its stages. Start reading with ``step``; it knows no process by name."""

from saga.engine.dead_letters import DeadLetterKind
from saga.engine.step import Step, StepResult

__all__ = ["DeadLetterKind", "Step", "StepResult"]
