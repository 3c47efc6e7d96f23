"""Feeds: bring messages from the modules' logs to a process or a collaborator. PostgreSQL only."""
