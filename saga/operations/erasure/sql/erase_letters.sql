-- The closed dead letters of an instance lose what the message said; ids and positions stay. The fingerprint goes too: it
-- could be guessed from, and the same message, should it come again, is a letter of its own. Reads the dead letters, which
-- are few.
UPDATE saga.dead_letter
SET
    body = '', properties = '{}', reason = 'erased',
    fingerprint = sha256(convert_to(CAST(gen_random_uuid() AS text), 'UTF8'))
WHERE process_id = :process_id AND consumer IN (:process, 'relay') AND state <> 'open' AND reason <> 'erased'
