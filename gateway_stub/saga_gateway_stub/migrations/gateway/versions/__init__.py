"""One file for each step forward."""
