-- Transactions in this database that block others: those that others wait for, directly or in a queue, while they wait
-- for nobody themselves; and those that hold locks while their client has been silent for five seconds: others skip
-- locked rows, so nobody else does that work. Only a login that may read all statistics sees more than the pid and the
-- application of other logins' sessions. Leaves out what is over within a second.
WITH RECURSIVE waiting AS (
    SELECT a.pid, b.blocker
    FROM pg_stat_activity AS a
    CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS b (blocker)
    WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'
), behind AS (
    SELECT blocker, pid FROM waiting
    UNION
    SELECT w.blocker, b.pid FROM behind AS b JOIN waiting AS w ON w.pid = b.blocker
), counted AS (
    SELECT blocker AS pid, count(DISTINCT pid) AS waiting FROM behind
    WHERE blocker NOT IN (SELECT pid FROM waiting)
    GROUP BY blocker
), silent AS (
    SELECT a.pid FROM pg_stat_activity AS a
    WHERE a.datname = current_database()
        AND (
            a.state LIKE 'idle in transaction%' AND a.state_change < clock_timestamp() - interval '5 s'
            OR a.state = 'active' AND a.wait_event IN ('ClientRead', 'ClientWrite')
                AND a.state_change < clock_timestamp() - interval '2 s'
        )
        AND (a.backend_xid IS NOT NULL OR EXISTS (
            SELECT FROM pg_locks AS l WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted
        ))
), named AS (
    SELECT
        a.pid, a.usename, a.application_name, a.client_addr, a.state, a.xact_start, a.state_change,
        regexp_match(a.application_name, '^saga-([^/]+)/(\d+)@(.+)$') AS process
    FROM pg_stat_activity AS a
)
SELECT
    n.pid, CAST(n.usename AS text) AS login, coalesce(host(n.client_addr), 'local') AS host, n.application_name AS application,
    n.process[1] AS service, CAST(n.process[2] AS integer) AS process_pid, n.process[3] AS process_host,
    n.state, n.xact_start AS since,
    CAST(EXTRACT(epoch FROM clock_timestamp() - n.xact_start) AS double precision) AS open_seconds,
    CAST(EXTRACT(epoch FROM clock_timestamp() - n.state_change) AS double precision) AS silent_seconds,
    coalesce(c.waiting, 0) AS waiting
FROM named AS n
LEFT JOIN counted AS c ON c.pid = n.pid
WHERE (c.pid IS NOT NULL OR n.pid IN (SELECT pid FROM silent))
    AND coalesce(n.xact_start < clock_timestamp() - interval '1 s', true)
ORDER BY n.xact_start, n.pid
