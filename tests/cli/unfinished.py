"""A process that somebody is still writing."""

process = Process(name="unfinished")  # type: ignore[name-defined]  # noqa: F821 -- that is the mistake
