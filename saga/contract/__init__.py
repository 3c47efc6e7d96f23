"""The contract of a process: what it receives and sends, derived from its declaration, and what a change of it breaks.

Pure: it knows no database and no broker, and no process by name.
"""

from saga.contract.against import Affected, ContractFinding, compare
from saga.contract.asyncapi import to_asyncapi
from saga.contract.contract import Contract, ContractError, Kind, Message, Queue
from saga.contract.derivation import contract_of
from saga.contract.json_schema import to_json_schema
from saga.contract.markdown import to_markdown

__all__ = [
    "Affected",
    "Contract",
    "ContractError",
    "ContractFinding",
    "Kind",
    "Message",
    "Queue",
    "compare",
    "contract_of",
    "to_asyncapi",
    "to_json_schema",
    "to_markdown",
]
