-- Deletes closed dead letters; skips one that is being reopened.
-- Index: dead_letter_pkey.
DELETE FROM saga.dead_letter WHERE dead_letter_id IN (
    SELECT dead_letter_id FROM saga.dead_letter
    WHERE dead_letter_id = ANY (CAST(:dead_letter_ids AS bigint[])) AND state <> 'open' AND closed_at < :before
    FOR UPDATE SKIP LOCKED
)
