"""A worker for any asyncio program: the durable step with its feeds, and the relay.

`saga run` runs the same worker as a service, with settings from the environment, JSON logs and a heartbeat.
"""

from saga.endpoint import monitored
from saga.postgres.connection import STEP_SETTINGS
from saga.settings import Feed
from saga.tracing import traced
from saga.worker.worker import Worker

__all__ = ["STEP_SETTINGS", "Feed", "Worker", "monitored", "traced"]
