"""The schema of the gateway."""
