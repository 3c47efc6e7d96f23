"""Programs that use saga as a library: one short file for each."""
