-- Removes slots that were not used for a day, some at a time: their connections are gone, or insert them again. Skips
-- a slot in use. The table has one row for each connection of a day, so it is read as a whole.
DELETE FROM saga.commit_proof WHERE slot IN (
    SELECT slot FROM saga.commit_proof
    WHERE written_at < clock_timestamp() - interval '1 day'
    LIMIT 100
    FOR UPDATE SKIP LOCKED
)
