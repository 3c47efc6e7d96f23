-- Takes away what steps say they covered and nobody has folded yet: their inbox rows, committed with it, prove what is
-- true of it.
DELETE FROM saga.cursor_advance WHERE consumer = :consumer AND module = :module
