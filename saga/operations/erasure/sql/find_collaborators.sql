-- The schemas of collaborators that keep their commands in this database, with the instance in a column of this name: those
-- of saga.collaborator do.
SELECT table_schema
FROM information_schema.columns
WHERE (table_name = 'command' AND column_name IN ('command_id', CAST(:instance AS text), 'type', 'body', 'metadata'))
   OR (table_name = 'rejected' AND column_name IN ('reason', 'body', 'properties'))
GROUP BY table_schema
HAVING count(*) = 8
ORDER BY table_schema
