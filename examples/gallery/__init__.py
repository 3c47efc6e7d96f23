"""Common ways to write a process that ends differently in different orders of arrival, each with a correction.

Each module describes one problem, declares ``diverging``, and, if there is a cure, ``mended``:

    saga check examples.gallery.first_event_wins:diverging
"""
