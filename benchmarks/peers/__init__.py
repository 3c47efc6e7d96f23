"""Peers on the same work, and how fast they are. See README.md beside this file."""

from benchmarks.peers.driver import ALL, PeerFailed, rates

__all__ = ["ALL", "PeerFailed", "rates"]
