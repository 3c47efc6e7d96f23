"""Tests of the migrations: with data in the tables, while others work, and when others are in the way.

The files in `sql/` are what a program of a revision writes, {n} being another number each time and {m} a module. A
revision without a file of its own has the newest one before it: a new migration must leave valid what the last program
writes.
"""
