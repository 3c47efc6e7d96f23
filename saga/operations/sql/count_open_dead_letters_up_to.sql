-- How many dead letters are open, up to so many.
-- Index: dead_letter_open_idx.
SELECT count(*) FROM (SELECT FROM saga.dead_letter WHERE state = 'open' LIMIT :most) AS open
