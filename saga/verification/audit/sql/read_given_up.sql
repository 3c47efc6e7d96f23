-- Which of these messages have a dead letter, open or closed. Reads all dead letters, which are few, and only if there
-- are messages to look for.
SELECT message_id FROM saga.dead_letter WHERE message_id = ANY (CAST(:command_ids AS text[]))
