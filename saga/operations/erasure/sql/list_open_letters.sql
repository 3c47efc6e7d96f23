-- The open dead letters of an instance: its own, and those of the relay about it.
-- Index: dead_letter_open_idx.
SELECT dead_letter_id
FROM saga.dead_letter
WHERE state = 'open' AND process_id = :process_id AND consumer IN (:process, 'relay')
ORDER BY dead_letter_id
