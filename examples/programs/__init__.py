"""Programs of somebody's own that work with saga: one file for each, short enough to read at once."""
