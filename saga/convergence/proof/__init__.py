"""Proves that a process converges, from its declaration alone; explores nothing."""

from saga.convergence.proof.about_outcomes import unproved_finals
from saga.convergence.proof.prove import OBLIGATIONS, Proof, prove
from saga.convergence.proof.subject import Obstacle

__all__ = ["OBLIGATIONS", "Obstacle", "Proof", "prove", "unproved_finals"]
