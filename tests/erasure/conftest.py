"""What the tests of erasure stand on: a database in which the simulated collaborators keep their tables too."""

from tests.gateway.conftest import desk, template

__all__ = ["desk", "template"]
