-- Counts commands in the log that no collaborator has.
SELECT count(*)
FROM saga.event_log AS l
WHERE l.target IS NOT NULL
  AND NOT EXISTS (SELECT FROM gateway.command AS c WHERE c.command_id = l.event_id)
  AND NOT EXISTS (SELECT FROM fulfilment.command AS c WHERE c.command_id = l.event_id)
