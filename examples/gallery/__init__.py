"""Processes as the field writes them, each of which ends differently in different orders, and what mends them.

Each module tells one story, declares ``diverging``, and where there is a cure ``mended``:

    saga check examples.gallery.first_event_wins:diverging
"""
