-- What there is, by name, each in a form that changes when it does; so that those who watch need not ask for all of it.
-- Indexes: dead_letter_pkey and dead_letter_open_idx, timer_due_idx, operation_pkey, operation_run_running_idx; module,
-- cursor, cursor_advance and service are small.
SELECT
    (SELECT string_agg(concat(name, ':', last_position), ' ' ORDER BY name) FROM saga.module) AS logs,
    (
        SELECT md5(string_agg(concat_ws(':', consumer, module, watermark, handled, alarm), ' ' ORDER BY consumer, module))
        FROM saga.cursor
    ) AS cursors,
    concat_ws(
        ':',
        (SELECT max(dead_letter_id) FROM saga.dead_letter),
        (SELECT count(*) FROM (SELECT FROM saga.dead_letter WHERE state = 'open' LIMIT 10001) AS d)
    ) AS dead_letters,
    concat_ws(
        ':',
        (SELECT min(due_at) FROM saga.timer WHERE fired_at IS NULL),
        (SELECT min(due_at) <= now() FROM saga.timer WHERE fired_at IS NULL)
    ) AS timers,
    concat_ws(
        ':',
        (SELECT max(operation_id) FROM saga.operation),
        (SELECT concat_ws(':', count(*), max(leased_until)) FROM saga.operation_run WHERE state = 'running')
    ) AS operations,
    (
        SELECT md5(string_agg(
            concat_ws(':', service, host, pid, loop, reason, beat > now() - interval '15 seconds'), ' '
            ORDER BY service, host, pid, loop
        ))
        FROM saga.service
    ) AS services
