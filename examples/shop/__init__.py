"""A shop: the order process with partial payments, declined payments, and a warehouse whose shipments are final."""
