-- Keeps messages that were not carried out; a known raw message only counts one more delivery.
-- Index: rejected_pkey.
INSERT INTO collaborator.rejected AS r (fingerprint, reason, type, message_id, body, properties)
SELECT n.fingerprint, n.reason, n.type, n.message_id, n.body, CAST(n.properties AS jsonb)
FROM unnest(
    CAST(:fingerprints AS bytea[]), CAST(:reasons AS text[]), CAST(:types AS text[]),
    CAST(:message_ids AS text[]), CAST(:bodies AS bytea[]), CAST(:properties AS text[])
) AS n (fingerprint, reason, type, message_id, body, properties)
ORDER BY n.fingerprint
ON CONFLICT (fingerprint) DO UPDATE SET
    reason = excluded.reason,
    deliveries = r.deliveries + 1,
    last_received_at = clock_timestamp()
