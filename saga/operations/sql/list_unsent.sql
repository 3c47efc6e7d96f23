-- Positions of an instance's entries in its process's log that the relay has passed and could not send.
-- Index: dead_letter_consumer_fingerprint_key; few are the relay's.
SELECT position FROM saga.dead_letter
WHERE process_id = :process_id AND consumer = 'relay' AND module = :module AND state <> 'redriven'
