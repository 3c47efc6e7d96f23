-- Index: dead_letter_open_idx.
SELECT count(*) FROM saga.dead_letter WHERE state = 'open'
