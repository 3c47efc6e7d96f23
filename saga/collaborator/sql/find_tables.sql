-- Whether a schema exists, and whether all of these tables do. Not to_regclass: a session caches that a name was not
-- found.
-- Index: those of the catalogues.
SELECT
    EXISTS (SELECT FROM pg_namespace WHERE nspname = :schema) AS has_schema,
    NOT EXISTS (
        SELECT FROM unnest(CAST(:names AS text[])) AS n (name)
        WHERE NOT EXISTS (
            SELECT FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace
            WHERE s.nspname = :schema AND c.relname = n.name AND c.relkind IN ('r', 'p')
        )
    ) AS has_all
