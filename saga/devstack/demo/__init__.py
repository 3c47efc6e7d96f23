"""The demo: real services, every order of arrival, real timeouts racing real payments, and a reconciliation."""
