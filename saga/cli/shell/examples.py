"""An example for each command, as its --help shows it."""

from typing import Final

EXAMPLES: Final = {
    "new": ("saga new my-returns", "saga new my-returns --wheel dist/saga-0.1.0-py3-none-any.whl"),
    "up": ("saga up --no-broker", "saga up --workers 4 --scenario hostile"),
    "env": ("saga env",),
    "demo": ("saga demo --orders 1000 --seed 7",),
    "run": ("saga run", "saga run my_shop.processes:returns --feed pull"),
    "check": ("saga check my_shop.processes:returns --from my_shop.old:returns",),
    "diagram": ("saga diagram --view outcomes --format svg --out order.svg",),
    "contract": (
        "saga contract",
        "saga contract --against order.json",
        "saga contract my_shop.processes:returns --format markdown",
    ),
    "migrate": ("saga migrate --wait 60",),
    "publish": (
        "saga publish OrderPlaced order-1 --sample",
        """saga publish OrderCancelled order-1 --data '{"reason": "late"}'""",
    ),
    "inspect": ("saga inspect order-1", "saga inspect order-1 --watch"),
    "list": ("saga list --stuck", "saga list --outcome refunded --since 2d"),
    "lag": ("saga lag --watch",),
    "log": ("saga log orders --follow", "saga log order-process --internal --since 15m"),
    "modules": ("saga modules",),
    "collaborators": ("saga collaborators --json",),
    "cursors": ("saga cursors",),
    "cursors repair": ("saga cursors repair payments --handled-up-to 100 --reason 'another database'",),
    "cursors forget": ("saga cursors forget --reason 'it consumes payments no longer'",),
    "replay": ("saga replay order-1", "saga replay --process trip"),
    "audit": ("saga audit",),
    "prune": ("saga prune --older-than 90d --dry-run",),
    "erase": ("saga erase order-1 --reason 'request 4711'",),
    "dead-letters": ("saga dead-letters list", "saga dead-letters show 1"),
    "dead-letters list": ("saga dead-letters list --type PaymentReceived --since 2h",),
    "dead-letters show": ("saga dead-letters show 1 --full",),
    "dead-letters redrive": ("saga dead-letters redrive --all", "saga dead-letters redrive 1 --subject order-3"),
    "dead-letters discard": ("saga dead-letters discard 1 2 --yes",),
    "operations": ("saga operations list", "saga operations show 3"),
    "operations list": ("saga operations list --limit 5",),
    "operations show": ("saga operations show 3 --json",),
    "operations stop": ("saga operations stop 3 --actor ana",),
    "operations resume": ("saga operations resume 3",),
    "scenario": ("saga scenario --orders 500 --seed 7",),
    "console": ("saga console", "saga console --listen 127.0.0.1:9000"),
    "health": ("saga health --json",),
}


OF_ORDERS: Final = "Examples for the order process, which comes with saga:"


def epilog(command: str) -> str | None:
    """The end of the command's help. Typer ends a line only at a blank line."""
    examples = EXAMPLES.get(command, ())
    heading = [OF_ORDERS] if any("order-" in example for example in examples) else []
    return "\n\n".join([*heading, *(f"$ {example}" for example in examples)]) or None
