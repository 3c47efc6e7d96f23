"""The schema of the fulfilment."""
