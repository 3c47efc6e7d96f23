"""How a command fails: one sentence on stderr that names the remedy, and an exit code."""


class CommandFailed(Exception):
    """What was asked for could not be done, or is not there."""

    exit_code = 1


class WrongUsage(CommandFailed):
    """A person has to change something first: the command, its environment, or what a server allows."""

    exit_code = 2
