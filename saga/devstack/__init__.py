"""A private Postgres and a private RabbitMQ for demo, tests and benchmarks, and the processes that run on them.

Nothing here is part of a deployment: a service gets its addresses from the environment and does not know this package.
"""
