-- The ends of all logs that are kept here.
SELECT name, last_position, last_public_position FROM saga.module ORDER BY name
