"""A saga service: processes that end the same way, in whatever order RabbitMQ delivers their messages."""
