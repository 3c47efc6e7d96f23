-- Removes the ranges that steps covered and that are not folded yet: the inbox rows of these steps, committed with them,
-- prove which positions were handled.
DELETE FROM saga.cursor_advance WHERE consumer = :consumer AND module = :module
