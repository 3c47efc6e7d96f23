-- Notes that these loops of a service go round now, and takes away the rows of loops that it no longer has and of
-- everybody who has not been heard of for a day. A loop that is known and does not go round keeps its old row.
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
