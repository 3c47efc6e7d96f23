-- The moment before which things are old enough, by this database's clock.
SELECT clock_timestamp() - CAST(:older_than AS interval)
