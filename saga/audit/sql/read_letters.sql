-- Which positions of a module have a dead letter of a consumer, open or closed. Reads the dead letters, which are few,
-- and only where there is something to ask for.
SELECT position
FROM saga.dead_letter
WHERE consumer = :consumer AND module = :module AND position = ANY (CAST(:positions AS bigint[]))
