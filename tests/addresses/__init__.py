"""Tests of the addresses of both servers: how they are written, what is refused, and connections through them."""
