"""The web console: what is known of the system, in a browser. It reads, and changes nothing.

The problem: on call, somebody who has never seen the system has to find out within minutes why an order waits, what a
payment would do now, and who is behind. Commands answer that for those who know them.

The model: every page is a link and works without scripts; filters are in its address. A page asks through
``saga.operations`` in one read-only transaction with a time limit, so that what stands on it is of one moment and can't
harm the database. Programs get the same address as JSON: the document that the command prints. Scripts add only that
the page follows what happens: one task of the process looks once a second what changed, whoever watches.

What can fail: the database is away or too slow; the page says so, and the next look may succeed. Whoever may open the
console sees the data of all instances, so it does not start without authentication where others could reach it.
"""
