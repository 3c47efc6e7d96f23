"""The demo: real services, every order of arrival, real timeouts that race real payments, and a reconciliation."""
