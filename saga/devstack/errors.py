"""Errors of the local stack; each message names the remedy."""


class LocalStackError(RuntimeError):
    """The local stack could not be started; the message says what to do."""


class NotInstalled(LocalStackError):
    """A program is missing; the message says in one sentence what to install, and nothing was downloaded."""


class StartCancelled(LocalStackError):
    """A start was cancelled before it was complete."""


class ServiceRefuses(LocalStackError):
    """A service can't start until a person changes something; the message is the service's own sentence."""
