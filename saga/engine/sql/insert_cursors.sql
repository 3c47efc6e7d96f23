-- Creates the cursors of modules from which this consumer takes in its first message. It reads before it inserts: an
-- insert that meets a row waits for the transaction that is updating it.
-- Index: cursor_pkey.
INSERT INTO saga.cursor (consumer, module)
SELECT :consumer, m.module FROM unnest(CAST(:modules AS text[])) AS m (module)
WHERE NOT EXISTS (SELECT FROM saga.cursor AS c WHERE c.consumer = :consumer AND c.module = m.module)
ORDER BY m.module
ON CONFLICT DO NOTHING
