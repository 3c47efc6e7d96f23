-- The closed dead letters of an instance lose what the message said; ids, positions and fingerprints stay. Reads the dead
-- letters, which are few.
UPDATE saga.dead_letter SET body = '', properties = '{}', reason = 'erased'
WHERE process_id = :process_id AND consumer IN (:process, 'relay') AND state <> 'open' AND reason <> 'erased'
