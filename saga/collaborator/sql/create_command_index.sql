-- For people: all commands about an instance.
CREATE INDEX IF NOT EXISTS command_instance_idx ON collaborator.command (instance_id)
