-- The commands that a collaborator has about an instance.
-- Index: command_instance_idx.
SELECT command_id, type, CAST(body AS text) AS body FROM {schema}.command WHERE {instance} = :process_id
