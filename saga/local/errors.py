"""What can go wrong with the local stack; each message names the remedy."""


class LocalStackError(RuntimeError):
    """The local stack could not be started, and the message says what to do."""


class StartCancelled(LocalStackError):
    """Somebody asked to stop while something was still starting."""
