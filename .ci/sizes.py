"""No function over 50 lines, no module over 400: what doesn't fit has a part that wants a name of its own.

Usage: python .ci/sizes.py [FILE ...]; without files: every Python file that git knows or would add.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES = 50
MODULE_LINES = 400


def python_files() -> list[Path]:
    """Every Python file of the repository, also those not yet added."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.py"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted({path for name in listed.split("\0") if name and (path := Path(name)).is_file()})


def too_long(path: Path) -> Iterator[str]:
    """One sentence for the module and for each function of it that is over its limit."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > MODULE_LINES:
        yield f"{path}: {lines} lines, at most {MODULE_LINES}"
    for node in ast.walk(ast.parse(text, filename=str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {FUNCTION_LINES}"


def main(arguments: list[str]) -> int:
    """Print what is too long; 1 if anything is."""
    paths = [Path(argument) for argument in arguments] or python_files()
    if not paths:
        print("sizes: no Python files, so nothing was checked", file=sys.stderr)
        return 2
    findings = [finding for path in paths for finding in too_long(path)]
    print(*findings, sep="\n", end="\n" if findings else "", file=sys.stderr)
    if not findings:
        print(f"sizes: {len(paths)} files, none too long")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
