"""Diagrams of a process, as Mermaid, SVG and a matrix."""
