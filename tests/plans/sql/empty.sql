-- Everything gone, but what the planner knows of the tables stays.
WITH cursors AS (
    DELETE FROM saga.cursor
), modules AS (
    DELETE FROM saga.module
), letters AS (
    DELETE FROM saga.dead_letter
), messages AS (
    DELETE FROM saga.inbox
), instances AS (
    DELETE FROM saga.instance
), timers AS (
    DELETE FROM saga.timer
), instance_tombstones AS (
    DELETE FROM saga.instance_tombstone
), inbox_tombstones AS (
    DELETE FROM saga.inbox_tombstone
), stream_tombstones AS (
    DELETE FROM saga.stream_tombstone
)
DELETE FROM saga.event_log
