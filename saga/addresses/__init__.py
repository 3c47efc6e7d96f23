"""The addresses of both servers: the only place that parses and checks them. Knows no driver and opens no connection.

An error message is the rest of a sentence that begins with the variable's name. It shows nothing of the address that
could be a part of a password.
"""

from saga.addresses.broker import BrokerAddress, Endpoint
from saga.addresses.database import DatabaseAddress
from saga.addresses.parts import AddressError, without_login

__all__ = ["AddressError", "BrokerAddress", "DatabaseAddress", "Endpoint", "without_login"]
