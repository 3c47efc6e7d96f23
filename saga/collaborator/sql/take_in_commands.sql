-- Inserts each command once by its id; for a known command it counts the deliveries and returns the result.
-- Waits for a command whose first transaction is still open. The order of the rows is the order of the locks.
-- Index: command_pkey.
INSERT INTO collaborator.command AS c
    (command_id, instance_id, effect, type, revision, body, metadata, digest, deliveries)
SELECT
    n.command_id, n.instance_id, n.effect, n.type, n.revision, CAST(n.body AS jsonb), CAST(n.metadata AS jsonb),
    n.digest, n.deliveries
FROM unnest(
    CAST(:command_ids AS text[]), CAST(:instance_ids AS text[]), CAST(:effects AS text[]), CAST(:types AS text[]),
    CAST(:revisions AS integer[]), CAST(:bodies AS text[]), CAST(:metadata AS text[]), CAST(:digests AS bytea[]),
    CAST(:deliveries AS integer[])
) AS n (command_id, instance_id, effect, type, revision, body, metadata, digest, deliveries)
ORDER BY n.command_id
ON CONFLICT (command_id) DO UPDATE SET
    deliveries = c.deliveries + excluded.deliveries,
    last_received_at = clock_timestamp()
RETURNING command_id, digest, result
