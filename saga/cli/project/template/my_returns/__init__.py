"""Returned goods: a customer sends an item back, and gets the money once the item is here."""
