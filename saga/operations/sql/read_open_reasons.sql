-- Why some dead letters are still open.
-- Index: dead_letter_pkey.
SELECT dead_letter_id, reason FROM saga.dead_letter
WHERE dead_letter_id = ANY (CAST(:dead_letter_ids AS bigint[])) AND state = 'open'
