"""A parcel that waits for three purchases: a process that hears what another one announces."""
