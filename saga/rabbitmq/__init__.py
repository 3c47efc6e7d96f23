"""RabbitMQ: topology, codec, consumer, publisher, relay. Knows the engine; no process by name."""
