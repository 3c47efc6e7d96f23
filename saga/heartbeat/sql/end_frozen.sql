-- Ends sessions of this login whose client froze between the two messages with which the driver runs a new statement.
-- The server sees such a session as active, so no timeout applies, and it would keep its locks for ever.
SELECT application_name, pg_terminate_backend(pid) AS is_ended
FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name LIKE 'saga-%' AND pid <> pg_backend_pid()
    AND state = 'active' AND wait_event = 'ClientRead' AND state_change < clock_timestamp() - interval '5 s'
