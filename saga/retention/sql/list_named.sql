-- The positions of a log that open dead letters name.
-- Index: dead_letter_open_idx.
SELECT DISTINCT position FROM saga.dead_letter WHERE state = 'open' AND module = :module AND position IS NOT NULL
