"""The worker: the durable step with what feeds it, and the relay."""
