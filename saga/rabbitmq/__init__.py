"""RabbitMQ: topology, connections, frames, consumer, publisher. Knows the engine, but no process by name."""
