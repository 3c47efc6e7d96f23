"""What can go wrong with the local stack; each message names the remedy."""


class LocalStackError(RuntimeError):
    """The local stack could not be started, and the message says what to do."""


class NotInstalled(LocalStackError):
    """A program is missing; the message says in one sentence what to install, and nothing was downloaded."""


class StartCancelled(LocalStackError):
    """Somebody asked to stop while something was still starting."""


class ServiceRefuses(LocalStackError):
    """A service can't start until a person changes something; the message is its own sentence about that."""
