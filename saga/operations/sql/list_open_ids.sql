-- All open dead letters and whose they are, oldest first.
-- Index: dead_letter_open_idx.
SELECT dead_letter_id, consumer FROM saga.dead_letter WHERE state = 'open' ORDER BY dead_letter_id
