"""A parcel that waits for three purchases: a process that receives what another one announces."""
