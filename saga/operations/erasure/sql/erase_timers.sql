-- The timers of an instance forget the conversation that set them.
-- Index: timer_pkey.
UPDATE saga.timer SET metadata = metadata - 'correlationid' - 'traceparent'
WHERE process = :process AND process_id = :process_id AND metadata ?| '{correlationid,traceparent}'
