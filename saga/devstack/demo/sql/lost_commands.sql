-- Commands in the log that their collaborator never took.
SELECT count(*)
FROM saga.event_log AS l
WHERE l.target IS NOT NULL
  AND NOT EXISTS (SELECT FROM gateway.command AS c WHERE c.command_id = l.event_id)
  AND NOT EXISTS (SELECT FROM fulfilment.command AS c WHERE c.command_id = l.event_id)
