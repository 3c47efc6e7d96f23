"""Why an operation can't be done as it was asked for; each message is a clause that is fit for people."""


class OperationFailed(Exception):
    """What was asked for is not there, or can't be."""
