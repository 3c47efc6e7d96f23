-- The schemas of collaborators that keep their inbox in this database, as the simulated ones do.
SELECT table_schema
FROM information_schema.columns
WHERE (table_name = 'command' AND column_name IN ('command_id', 'order_id', 'type', 'body', 'metadata'))
   OR (table_name = 'rejected' AND column_name IN ('reason', 'body', 'properties'))
GROUP BY table_schema
HAVING count(*) = 8
ORDER BY table_schema
