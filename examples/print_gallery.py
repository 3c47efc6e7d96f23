"""The gallery as a page: `python -m examples.print_gallery > docs/gallery.md`."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import examples.gallery
from saga.testing import check, counterexample

HEAD = """\
# Processes that diverge

For developers who declare a process: ten common ways to write one that ends differently in different orders of arrival,
or has another unwanted end. `saga check` finds the problem before the process runs, with a shortest history that shows
it. `python -m examples.print_gallery` prints this page.
"""


def page() -> str:
    """The whole page, as Markdown."""
    names = sorted(module.name for module in pkgutil.iter_modules(examples.gallery.__path__))
    return "\n".join([HEAD, *(line for name in names for line in _story(name))])


def _story(name: str) -> Iterator[str]:
    module = importlib.import_module(f"examples.gallery.{name}")
    process = getattr(module, "diverging", None)
    if process is None:
        return
    title, _, story = (inspect.getdoc(module) or "").partition(": ")
    yield f"## {title}\n"
    yield f"{story[:1].upper()}{story[1:].rstrip()}\n"
    report = check(process)
    finding = report.findings[0]
    yield f"`saga check examples.gallery.{name}:diverging` says **{finding.kind.value}**: {finding.sentence}\n"
    yield f"```text\n{counterexample(finding, process, report.samples)}\n```\n"
    if hasattr(module, "mended"):
        yield f"The cure is `mended` in `examples/gallery/{name}.py`.\n"


if __name__ == "__main__":
    print(page(), end="")
