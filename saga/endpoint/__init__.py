"""The endpoint of a service: /metrics for Prometheus, /healthz and /readyz for whoever runs it.

It is off unless SAGA_METRICS_LISTEN names an address. It answers from memory; only /readyz asks the servers, and no
more often than every few seconds, however often it is asked. It needs no login, so without a host in that address it
listens on this machine only.
"""

from saga.endpoint.monitored import monitored
from saga.endpoint.pages import listening
from saga.endpoint.probes import Probes

__all__ = ["Probes", "listening", "monitored"]
