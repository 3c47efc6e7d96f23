-- Closes dead letters; those that are closed already stay unchanged.
-- Index: dead_letter_pkey.
UPDATE saga.dead_letter SET state = :state, closed_at = clock_timestamp()
WHERE dead_letter_id = ANY (CAST(:dead_letter_ids AS bigint[])) AND state = 'open'
RETURNING dead_letter_id
