"""Metrics: what a service counts and measures, for a Prometheus that scrapes it.

``table`` declares every metric, and code adds to these objects where something happens. They are off unless
SAGA_METRICS_LISTEN is set: then nothing is kept, and the client library is not even imported. Labels come from
declarations and from this code, never from messages: an instance id or a type that a stranger made up would add series
without end.
"""
