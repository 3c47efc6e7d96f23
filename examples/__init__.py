"""Examples of user code: services that keep a log of their own, and processes that are not orders."""
