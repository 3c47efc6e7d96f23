-- The tombstones of messages without position whose rows were pruned.
-- Index: inbox_tombstone_pkey.
SELECT key, digest FROM saga.inbox_tombstone
WHERE consumer = :consumer AND key = ANY (CAST(:keys AS bytea[]))
