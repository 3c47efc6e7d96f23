"""The errors of refused operations; each message is a clause to show to people."""

from collections.abc import Sequence


class OperationFailed(Exception):
    """What was asked for is not there, or can't be done. Nothing was done, unless the subclass says otherwise."""


class UnknownInstances(OperationFailed):
    """Nothing is known of the instances with these ``ids``."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(f"nothing is known of {', '.join(map(repr, ids))}")
        self.ids = tuple(ids)


class UnknownModule(OperationFailed):
    """The database keeps no log of this module; ``kept_here`` names the modules whose logs it keeps.

    ``is_remote`` says that a consumer here reads that log: it is in another database.
    """

    def __init__(self, module: str, kept_here: Sequence[str] = (), *, is_remote: bool = False) -> None:
        super().__init__(f"no log of {module} is kept here")
        self.module = module
        self.kept_here = tuple(kept_here)
        self.is_remote = is_remote
