-- Stores messages that could not be handled; the same raw message again counts as one more attempt and reopens it.
-- Index: dead_letter_consumer_fingerprint_key.
INSERT INTO saga.dead_letter AS d
    (consumer, fingerprint, kind, reason, type, process_id, source, message_id, module, position, body, properties,
    attempts)
SELECT
    :consumer, n.fingerprint, n.kind, n.reason, n.type, n.process_id, n.source, n.message_id, n.module, n.position,
    n.body, CAST(n.properties AS jsonb), n.attempts
FROM unnest(
    CAST(:fingerprints AS bytea[]), CAST(:kinds AS text[]), CAST(:reasons AS text[]), CAST(:types AS text[]),
    CAST(:process_ids AS text[]), CAST(:sources AS text[]), CAST(:message_ids AS text[]), CAST(:modules AS text[]),
    CAST(:positions AS bigint[]), CAST(:bodies AS bytea[]), CAST(:properties AS text[]), CAST(:attempts AS int[])
) AS n (fingerprint, kind, reason, type, process_id, source, message_id, module, position, body, properties, attempts)
ORDER BY n.fingerprint
ON CONFLICT (consumer, fingerprint) DO UPDATE SET
    attempts = d.attempts + excluded.attempts,
    kind = excluded.kind,
    reason = excluded.reason,
    state = 'open',
    closed_at = NULL,
    last_seen_at = clock_timestamp()
