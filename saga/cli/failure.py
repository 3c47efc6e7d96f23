"""How a command fails: one sentence on stderr that names the remedy, and an exit code."""


class CommandFailed(Exception):
    """What was asked for could not be done, or is not there."""

    exit_code = 1


class WrongUsage(CommandFailed):
    """The command, or the environment that it runs in, has to be written differently."""

    exit_code = 2
