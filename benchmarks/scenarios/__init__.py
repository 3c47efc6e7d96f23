"""One module for each scenario; `benchmarks/scenarios/table.py` lists them."""
