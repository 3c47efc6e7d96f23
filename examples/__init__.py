"""What others could have written: services that keep a log of their own, and processes that are not orders."""
