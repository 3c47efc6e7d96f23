-- The state of a locked tombstone without what was erased.
-- Index: instance_tombstone_pkey.
UPDATE saga.instance_tombstone SET state = CAST(:state AS jsonb)
WHERE process = :process AND process_id = :process_id
