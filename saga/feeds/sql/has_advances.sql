-- Whether steps covered something that nobody has folded into the cursors yet; the table is all but empty.
SELECT EXISTS (SELECT FROM saga.cursor_advance WHERE consumer = :consumer)
