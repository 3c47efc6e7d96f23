"""A new project: its name, the wheel of saga that goes into it, and its files, made from `template/`.

The template is a whole project of its own, called `my-returns`: it is linted, type-checked and run as it stands.
"""
