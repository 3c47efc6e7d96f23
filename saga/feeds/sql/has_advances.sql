-- Whether steps covered ranges that are not folded into the cursors yet; the table is nearly empty.
SELECT EXISTS (SELECT FROM saga.cursor_advance WHERE consumer = :consumer)
