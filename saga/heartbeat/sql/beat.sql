-- Records that these loops of a service go round now. Removes the rows of loops that the service no longer has, and the
-- rows of other services that are older than a day. A known loop that does not go round keeps its old row.
-- Index: service_pkey.
WITH gone AS (
    DELETE FROM saga.service
    WHERE beat < clock_timestamp() - interval '1 day' AND (service, host, pid) <> (:service, :host, :pid)
        OR (service, host, pid) = (:service, :host, :pid) AND loop <> ALL (CAST(:known AS text[]))
)
INSERT INTO saga.service AS s (service, host, pid, loop, reason, beat)
SELECT :service, :host, :pid, loop, reason, clock_timestamp()
FROM unnest(CAST(:loops AS text[]), CAST(:reasons AS text[])) AS going (loop, reason)
ON CONFLICT (service, host, pid, loop) DO UPDATE SET reason = excluded.reason, beat = excluded.beat
