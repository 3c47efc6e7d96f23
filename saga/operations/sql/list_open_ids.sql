-- All open dead letters, oldest first.
-- Index: dead_letter_open_idx.
SELECT dead_letter_id FROM saga.dead_letter WHERE state = 'open' ORDER BY dead_letter_id
