INSERT INTO saga.module (name) VALUES ('{m}') ON CONFLICT DO NOTHING;
WITH before AS (
    SELECT last_public_position FROM saga.module WHERE name = '{m}' FOR UPDATE
), taken AS (
    UPDATE saga.module SET last_position = last_position + 1, last_public_position = last_position + 1
    FROM before WHERE name = '{m}' RETURNING last_position, before.last_public_position AS previous
)
INSERT INTO saga.event_log
    (module, position, previous_public_position, stream_id, stream_version, event_id, type, visibility, data, metadata)
SELECT '{m}', last_position, previous, 'order-{n}', 1, 'event-{n}', 'OrderPlaced', 'public',
    '{"order_id": "order-{n}"}', '{}'
FROM taken;
INSERT INTO saga.inbox (consumer, module, position, source, message_id, digest)
VALUES ('order', '{m}', {n}, '/modules/orders', 'event-{n}', decode(md5('{n}'), 'hex')),
    ('order', NULL, NULL, '/elsewhere', 'message-{n}', decode(md5('{n}'), 'hex'));
INSERT INTO saga.instance (process, process_id, process_version, stream_version, outcome, settled, state)
VALUES ('order', 'order-{n}', 1, 1, 'paid', {n} % 2 = 0, '{"payment": "paid"}');
UPDATE saga.instance SET stream_version = 2, updated_at = clock_timestamp() WHERE process_id = 'order-{n}';
INSERT INTO saga.timer (process, process_id, name, emits, data, metadata, due_at)
VALUES ('order', 'order-{n}', 'payment_deadline', 'PaymentTimedOut', '{}', '{}', '2026-11-23 12:00+00');
INSERT INTO saga.cursor (consumer, module, watermark, handled, hole_since)
VALUES ('consumer-{n}', 'orders', {n}, int8multirange(int8range({n} + 2, {n} + 4)), clock_timestamp());
INSERT INTO saga.cursor_advance (consumer, module, covered) VALUES ('order', 'orders', int8multirange(int8range({n}, {n} + 1)));
INSERT INTO saga.dead_letter (consumer, fingerprint, kind, reason, body, properties)
VALUES ('order', decode(md5('{n}'), 'hex'), 'poison', 'no JSON', 'what', '{}');
INSERT INTO saga.instance_tombstone
    (process, process_id, process_version, stream_version, outcome, state, created_at, settled_at)
VALUES ('order', 'pruned-{n}', 1, 3, 'paid', '{}', '2026-01-01 12:00+00', '2026-01-02 12:00+00');
INSERT INTO saga.inbox_tombstone (consumer, key, digest)
VALUES ('order', decode(md5('{n}'), 'hex'), decode(md5('{n}'), 'hex'));
INSERT INTO saga.stream_tombstone (module, stream_id, last_version) VALUES ('orders', 'pruned-{n}', 3);
