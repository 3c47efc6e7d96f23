-- How many open dead letters name an instance.
-- Index: dead_letter_open_idx.
SELECT count(*) FROM saga.dead_letter
WHERE state = 'open' AND process_id = :process_id
  AND (
    CAST(:consumer AS text) IS NULL OR consumer = :consumer
    OR (consumer = 'relay' AND module = ANY (CAST(:modules AS text[])))
  )
