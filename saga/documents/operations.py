"""Documents about what operators did: what `saga operations list` and `show` print."""

from collections.abc import Sequence
from typing import Any

from saga.documents.as_data import as_data
from saga.operations import ListedOperation, OperationReport


def operations_document(listed: Sequence[ListedOperation], *, more: bool) -> dict[str, Any]:
    """A list of operations; ``more`` says that there are further ones."""
    return {"operations": [as_data(one) for one in listed], "count": len(listed), "more": more}


def operation_document(report: OperationReport, *, more: bool) -> dict[str, Any]:
    """One operation, with some of its items; ``more`` says that there are further ones."""
    return {**as_data(report), "answered": sum(report.answers.values()), "more": more}
