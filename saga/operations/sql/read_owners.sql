-- Whose these dead letters are, without their bodies.
-- Index: dead_letter_pkey.
SELECT dead_letter_id, consumer FROM saga.dead_letter
WHERE dead_letter_id = ANY (CAST(:dead_letter_ids AS bigint[]))
