"""Diagrams of a process: as Mermaid, SVG and matrix."""
