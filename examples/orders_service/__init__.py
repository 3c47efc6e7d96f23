"""The service of the team that takes orders: tables of its own, and the log of the orders module."""
