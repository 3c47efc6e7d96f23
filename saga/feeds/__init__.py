"""Feeds: what brings a process or a collaborator its messages from the modules' logs. PostgreSQL only."""
