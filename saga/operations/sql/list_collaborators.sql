-- Collaborators that keep their commands in this database, where whoever asks may read them: schemas with the tables that
-- saga.collaborator creates.
-- Indexes: those of the catalogues.
SELECT CAST(n.nspname AS text) AS name
FROM pg_namespace AS n
WHERE has_schema_privilege(n.oid, 'USAGE') AND (
    SELECT count(*)
    FROM pg_class AS c
    WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'SELECT')
      AND ARRAY(
          SELECT CAST(a.attname AS text) FROM pg_attribute AS a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      ) @> CASE c.relname
          WHEN 'command' THEN CAST('{command_id,effect,revision,result,deliveries,last_received_at}' AS text[])
          WHEN 'effect' THEN CAST('{effect,revision,command_id}' AS text[])
          WHEN 'rejected' THEN CAST('{fingerprint,reason,message_id,deliveries,last_received_at}' AS text[])
      END
) = 3
ORDER BY n.nspname
