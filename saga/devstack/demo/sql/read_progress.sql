-- Counts orders, settled ones, and all that still has to happen: deadlines to come, answers that the gateway still owes,
-- log entries that wait for the relay (if there is one), public events that wait for the order process, commands that no
-- collaborator has.
SELECT
    (SELECT count(*) FROM saga.instance) AS orders,
    (SELECT count(*) FROM saga.instance WHERE settled) AS settled,
    (SELECT count(*) FROM saga.timer WHERE fired_at IS NULL) AS deadlines,
    (SELECT count(*) FROM gateway.pending) AS answers,
    (
        SELECT coalesce(sum(m.last_position - coalesce(c.watermark, 0)), 0)
        FROM saga.module AS m LEFT JOIN saga.cursor AS c ON c.module = m.name AND c.consumer = 'relay'
        WHERE EXISTS (SELECT FROM saga.cursor WHERE consumer = 'relay')
    ) AS unrelayed,
    (
        SELECT coalesce(sum(m.last_public_position - least(coalesce(c.watermark, 0), m.last_public_position)), 0)
        FROM saga.module AS m LEFT JOIN saga.cursor AS c ON c.module = m.name AND c.consumer = 'order'
        WHERE m.name <> 'order-process'
    ) AS unread,
    (
        SELECT count(*) FROM saga.event_log AS l
        WHERE l.target = 'gateway'
          AND NOT EXISTS (SELECT FROM gateway.command AS c WHERE c.command_id = l.event_id)
    ) + (
        SELECT count(*) FROM saga.event_log AS l
        WHERE l.target = 'fulfilment'
          AND NOT EXISTS (SELECT FROM fulfilment.command AS c WHERE c.command_id = l.event_id)
    ) AS commands
