"""docs/reference.md says what the docstrings of the public import paths say: every name, its signature, its docstring.

Files are parsed and nothing is imported, so this needs nothing but Python.

Usage: python .ci/reference.py          check
       python .ci/reference.py --write  make the page anew
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from pathlib import Path

PATHS = ("saga", "saga.modules", "saga.testing", "saga.worker", "saga.operations", "saga.collaborator")
PROGRAMS = {
    "saga.collaborator": Path("examples/shop/warehouse.py"),
    "saga.modules": Path("examples/programs/module_log.py"),
    "saga.operations": Path("examples/programs/operations.py"),
    "saga.worker": Path("examples/programs/worker.py"),
}
"""A program of one's own that uses the path, for those that a line of Python can't show."""
PAGE = Path("docs/reference.md")
HEAD = """\
# Reference

For programs that import saga. These paths are public, all others may change with any version. This page is made of the
docstrings: `python .ci/reference.py --write`. Examples go on from those above them, and are run by the tests.
"""
WIDTH = 100

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Assign | ast.AnnAssign
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Undocumented(Exception):
    """A public name without a definition or a docstring."""


def page() -> str:
    """The whole page, as Markdown."""
    made = [path for path in PATHS if _public(path)]
    contents = " · ".join(f"[`{path}`](#{path.replace('.', '')})" for path in made)
    parts = [HEAD, f"**Contents:** {contents}\n", *(part for path in made for part in _about_path(path))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts))


def _about_path(path: str) -> Iterator[str]:
    yield f"## {path}\n"
    yield f"{_markdown(ast.get_docstring(_parsed(path)), path)}\n"
    if program := PROGRAMS.get(path):
        yield f"[`{program}`](../{program}):\n\n```python\n{program.read_text(encoding='utf-8')}```\n"
    for name in sorted(_public(path), key=str.lower):
        about = _about(name, *_defined(path, name))
        user = _users().get(f"{path}.{name}")
        yield f"### {path}.{name}\n"
        yield f"{about}\n"
        if user is not None and "```pycon" not in about:
            yield f"In use: [`{user}`](../{user}).\n"


@cache
def _users() -> dict[str, Path]:
    """For each name that an example uses the first one that does; those of one file come first."""
    users: dict[str, Path] = {}
    for file in sorted(Path("examples").rglob("*.py"), key=lambda file: (file.parent.name != "programs", file)):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for name in _used(tree):
            users.setdefault(name, file)
    return users


def _used(tree: ast.Module) -> Iterator[str]:
    """The names of saga that a program imports, and those that it takes from a path that it imports as a whole."""
    whole: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.partition(".")[0] == "saga":
                whole |= {one.name: f"{module}.{one.name}" for one in names if f"{module}.{one.name}" in PATHS}
                yield from (f"{module}.{one.name}" for one in names)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in whole:
                yield f"{whole[name]}.{attribute}"


class _Shown(ast.NodeTransformer):
    """Defaults as people read them: the value of a constant, and what a factory makes."""

    def __init__(self, path: str) -> None:
        self.path = path

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if not node.id.isupper() or not isinstance(node.ctx, ast.Load):
            return node
        try:
            _, found = _defined(self.path, node.id)
        except Undocumented:
            return node
        value = None if isinstance(found, ast.ClassDef | Function) else found.value
        return value if isinstance(value, ast.Constant | ast.BinOp) else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        is_empty = ast.unparse(node) in {"field(default_factory=dict)", "MappingProxyType({})"}
        return ast.Dict([], []) if is_empty else node


def _about(name: str, path: str, found: Definition) -> str:
    match found:
        case ast.ClassDef():
            found = _Shown(path).visit(found)
            return "\n\n".join([_fenced(_class(found)), _markdown(ast.get_docstring(found), name), *_members(found)])
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return f"{_fenced(_signature(_Shown(path).visit(found)))}\n\n{_markdown(ast.get_docstring(found), name)}"
        case _:
            return f"{_fenced(ast.unparse(found))}\n\n{_markdown(_said_below(path, found), name)}"


def _class(found: ast.ClassDef) -> str:
    """The class with its decorators and what is given to make it: fields, members, or arguments."""
    head = ast.ClassDef(found.name, found.bases, found.keywords, [ast.Pass()], found.decorator_list, type_params=[])
    lines = ast.unparse(head).splitlines()[:-1]
    if made := [one for one in found.body if isinstance(one, Function) and one.name == "__init__"]:
        return "\n".join([*lines, *(f"    {line}" for line in _signature(made[0]).splitlines())])
    given = [one for one in found.body if isinstance(one, ast.Assign | ast.AnnAssign) and not _is_private(one)]
    return "\n".join([*lines, *(f"    {ast.unparse(one)}" for one in given or [ast.Expr(ast.Constant(...))])])


def _members(found: ast.ClassDef) -> Iterator[str]:
    """Public methods and properties, one line of a list for each."""
    lines = []
    for one in found.body:
        if isinstance(one, Function) and not one.name.startswith("_"):
            said = _markdown(ast.get_docstring(one), f"{found.name}.{one.name}").replace("\n", "\n  ")
            lines.append(f"- `{_shown(one)}`: {said}")
    if lines:
        yield re.sub(r"[ ]+\n", "\n", "\n".join(lines))


def _shown(method: Function) -> str:
    """A method or property in one line, without what it is called on."""
    gives = f" -> {ast.unparse(method.returns)}" if method.returns else ""
    if any(isinstance(one, ast.Name) and one.id == "property" for one in method.decorator_list):
        return f"{method.name}{gives}"
    takes = re.sub(r"^(self|cls)(, )?", "", ", ".join(_arguments(method)))
    return f"{'async ' * isinstance(method, ast.AsyncFunctionDef)}{method.name}({takes}){gives}"


def _signature(function: Function) -> str:
    """The function without its body, an argument a line where one line would be too long."""
    kind = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    end = f") -> {ast.unparse(function.returns)}: ..." if function.returns else "): ..."
    takes = _arguments(function)
    line = f"{kind} {function.name}({', '.join(takes)}{end}"
    if len(line) <= WIDTH:
        return line
    each = "".join(f"    {one},\n" for one in takes)
    return f"{kind} {function.name}(\n{each}{end}"


def _arguments(function: Function) -> list[str]:
    """Each argument with its type and its default; the sign that keyword-only ones follow is one too."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + given.defaults
    starred = [f"*{ast.unparse(given.vararg)}"] if given.vararg else ["*"] if given.kwonlyargs else []
    return [
        *map(_argument, positional, defaults),
        *starred,
        *map(_argument, given.kwonlyargs, given.kw_defaults),
        *([f"**{ast.unparse(given.kwarg)}"] if given.kwarg else []),
    ]


def _argument(one: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(one) if default is None else f"{ast.unparse(one)} = {ast.unparse(default)}"


def _is_private(given: ast.Assign | ast.AnnAssign) -> bool:
    """Whether nobody gives it: by its name, or because it follows from the others."""
    target = given.target if isinstance(given, ast.AnnAssign) else given.targets[0]
    return ast.unparse(target).startswith("_") or "init=False" in ast.unparse(given)


def _said_below(path: str, found: Definition) -> str | None:
    """The docstring of a constant stands below it."""
    body = _parsed(path).body
    below = body[body.index(found) + 1 :][:1]
    if below and isinstance(below[0], ast.Expr) and isinstance(below[0].value, ast.Constant):
        return cleandoc(str(below[0].value.value))
    return None


def _markdown(said: str | None, name: str) -> str:
    """A docstring as Markdown: names in single backticks, sessions of the interpreter in fences."""
    if not said:
        raise Undocumented(f"{name} has no docstring")
    parts = [f"```pycon\n{part}\n```" if part.startswith(">>>") else part for part in said.split("\n\n")]
    return re.sub(r"(?<!`)``(?!`)", "`", "\n\n".join(parts))


def _fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def _defined(path: str, name: str) -> tuple[str, Definition]:
    """The module that defines a name, and the definition: followed through the modules that hand it on."""
    if not _file(path).is_file():
        raise Undocumented(f"{path} is not of this project")
    tree = _parsed(path)
    for one in tree.body:
        named = getattr(one, "name", None)
        if isinstance(one, ast.Assign | ast.AnnAssign):
            named = ast.unparse(one.target if isinstance(one, ast.AnnAssign) else one.targets[0])
        if named == name and isinstance(one, Definition):
            return path, one
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(name == alias.name for alias in node.names):
            return _defined(str(node.module), name)
    raise Undocumented(f"{path}.{name} is defined nowhere")


def _public(path: str) -> list[str]:
    """The names of a path; none if it is not there yet."""
    if not _file(path).is_file():
        return []
    for one in _parsed(path).body:
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(one.value)]
    return []


@cache
def _parsed(path: str) -> ast.Module:
    return ast.parse(_file(path).read_text(encoding="utf-8"))


def _file(path: str) -> Path:
    folder = Path(*path.split("."))
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def main(arguments: list[str]) -> int:
    """Make the page, or compare it; 1 if it is another one."""
    try:
        wanted = page()
    except Undocumented as error:
        print(f"reference: {error}", file=sys.stderr)
        return 1
    if arguments == ["--write"]:
        PAGE.write_text(wanted, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != wanted:
        print(f"reference: {PAGE} is not what the docstrings say: `python .ci/reference.py --write`", file=sys.stderr)
        return 1
    print(f"reference: {PAGE} is what the docstrings say")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
