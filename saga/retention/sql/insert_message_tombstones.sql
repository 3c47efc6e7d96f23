-- Inserts tombstones for removed inbox rows without a position.
-- Index: inbox_tombstone_pkey.
INSERT INTO saga.inbox_tombstone (consumer, key, digest)
SELECT :consumer, m.key, m.digest
FROM unnest(CAST(:keys AS bytea[]), CAST(:digests AS bytea[])) AS m (key, digest)
ORDER BY m.key
ON CONFLICT DO NOTHING
