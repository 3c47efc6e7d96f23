-- The closed dead letters of an instance lose what the message said; ids and positions stay. The fingerprint goes too: the
-- message could be guessed from it. If the same message comes again, it is a new dead letter. Reads the dead letters, which
-- are few.
UPDATE saga.dead_letter
SET
    body = '', properties = '{}', reason = 'erased',
    fingerprint = sha256(convert_to(CAST(gen_random_uuid() AS text), 'UTF8'))
WHERE process_id = :process_id AND consumer IN (:process, 'relay') AND state <> 'open' AND reason <> 'erased'
