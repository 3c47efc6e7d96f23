"""A process that somebody is still writing."""

process = Process(name="unfinished")  # noqa: F821 -- that is the mistake
