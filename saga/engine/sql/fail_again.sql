-- Records that an open dead letter was redriven and failed again.
-- Index: dead_letter_pkey.
UPDATE saga.dead_letter SET attempts = attempts + 1, reason = :reason, last_seen_at = clock_timestamp()
WHERE dead_letter_id = :dead_letter_id AND state = 'open'
