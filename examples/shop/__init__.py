"""A shop: the order process enlarged by partial payments, declined ones, and a warehouse that ships for good."""
