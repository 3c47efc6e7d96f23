"""How fast it is: scenarios, each beside its peers and the limit of the machine in one run. `python -m benchmarks`."""
