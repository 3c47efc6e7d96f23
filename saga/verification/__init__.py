"""Verification: checks that the record is right (replay), and that the engine is right (audit)."""
