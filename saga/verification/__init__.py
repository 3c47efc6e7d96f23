"""Verification: whether the record is right (replay), and whether the engine is (audit)."""
