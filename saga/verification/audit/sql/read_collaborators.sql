-- Which collaborators keep their commands in this database, in tables that this login may read, and whether they keep
-- rejected ones too. The convention: a schema of the collaborator's name with a table of commands, and perhaps one of
-- rejected messages.
WITH readable AS (
    SELECT n.nspname AS collaborator, c.relname AS name, array_agg(CAST(a.attname AS text)) AS columns
    FROM pg_namespace AS n
    JOIN pg_class AS c ON c.relnamespace = n.oid
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = ANY (CAST(:collaborators AS text[])) AND c.relname IN ('command', 'rejected')
      AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    GROUP BY n.nspname, c.relname
)
SELECT CAST(c.collaborator AS text) AS collaborator, EXISTS (
    SELECT FROM readable AS r
    WHERE r.collaborator = c.collaborator AND r.name = 'rejected' AND 'message_id' = ANY (r.columns)
) AS keeps_rejected
FROM readable AS c
WHERE c.name = 'command' AND c.columns @> '{command_id,type,body,received_at}'
ORDER BY c.collaborator
