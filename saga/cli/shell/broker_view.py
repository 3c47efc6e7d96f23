"""What the broker says about its queues, with a time limit; for commands that also work without an answer."""

import asyncio
from collections.abc import Sequence
from typing import Final

from saga.cli.shell.addresses import amqp_url_unless_pulled
from saga.cli.shell.broker import broker
from saga.cli.shell.failure import CommandFailed
from saga.core import Process
from saga.documents.lag import BrokerView
from saga.operations import list_queues
from saga.settings import Settings

BROKER_TIMEOUT_SECONDS: Final = 5.0


async def look_at_broker(settings: Settings, processes: Sequence[Process]) -> BrokerView:
    """The queues of these processes; without an answer, the reason as a sentence."""
    try:
        url = amqp_url_unless_pulled(settings)
        if url is None:
            return BrokerView(None, exists=False)
        with broker(url):
            async with asyncio.timeout(BROKER_TIMEOUT_SECONDS):
                return BrokerView(None, await list_queues(url, processes, prefix=settings.prefix))
    except CommandFailed as error:
        return BrokerView(str(error))
