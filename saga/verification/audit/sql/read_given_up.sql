-- Which of these messages have a dead letter, open or closed. Reads the dead letters, which are few, and only where there
-- is something to ask for.
SELECT message_id FROM saga.dead_letter WHERE message_id = ANY (CAST(:command_ids AS text[]))
