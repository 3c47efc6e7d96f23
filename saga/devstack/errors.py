"""Errors of the local stack; each message names the remedy."""


class LocalStackError(RuntimeError):
    """The local stack could not be started; the message says what to do."""


class StartCancelled(LocalStackError):
    """A start was cancelled before it was complete."""


class ServiceRefuses(LocalStackError):
    """A service can't start until a person changes something; the message is the service's own sentence."""
