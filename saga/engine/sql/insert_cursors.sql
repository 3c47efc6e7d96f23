-- Creates the cursors of modules that this consumer hears from for the first time.
-- Index: cursor_pkey.
INSERT INTO saga.cursor (consumer, module)
SELECT :consumer, m.module FROM unnest(CAST(:modules AS text[])) AS m (module)
ORDER BY m.module
ON CONFLICT DO NOTHING
