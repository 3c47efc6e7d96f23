-- Counts the messages of one source in the inbox.
-- Index: inbox_message_key.
SELECT count(*) FROM saga.inbox WHERE consumer = 'order' AND source = :source AND position IS NULL
