"""Writes dashboard.json, a Grafana dashboard of the metrics: `python deploy/prometheus/dashboard.py --write`.

Without --write it compares. A row of the dashboard is a question; docs/metrics.md says what each metric means.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("dashboard.json")
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
WIDTH, HEIGHT = 8, 7


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph of one expression; ``unit`` is Grafana's word for it."""

    title: str
    expr: str
    legend: str
    unit: str = "short"


def _quantile(metric: str, label: str) -> str:
    return f"histogram_quantile(0.99, sum by ({label}, le) (rate({metric}_bucket[$__rate_interval])))"


def _rate(metric: str, labels: str) -> str:
    return f"sum by ({labels}) (rate({metric}[$__rate_interval]))"


ROWS: Final[dict[str, tuple[Panel, ...]]] = {
    "Do the services work?": (
        Panel("Services that answer", 'up{job="saga"}', "{{instance}}"),
        Panel("Loops that start over", _rate("saga_loop_restarts_total", "loop, error_type"), "{{loop}}"),
        Panel("Connections in use", "saga_pool_in_use", "{{instance}}"),
        Panel("Spans lost", _rate("saga_spans_lost_total", "instance, cause"), "{{instance}} {{cause}}"),
    ),
    "How much flows?": (
        Panel(
            "Consumed, per second",
            _rate("messaging_client_consumed_messages_total", "messaging_destination_name"),
            "{{messaging_destination_name}}",
        ),
        Panel("Sent, per second", _rate("messaging_client_sent_messages_total", "error_type"), "{{error_type}}"),
        Panel("Recorded, per second", "max by (module) (rate(saga_log_last_position[5m]))", "{{module}}"),
        Panel(
            "Time from record to commit, p99", _quantile("saga_message_latency_seconds", "process"), "{{process}}", "s"
        ),
        Panel("Time to handle a batch, p99", _quantile("messaging_process_duration_seconds", "instance"), "", "s"),
        Panel("Bodies that wait in memory", "saga_deliveries_memory_bytes", "{{instance}}", "bytes"),
    ),
    "What do the steps do?": (
        Panel("Answers, per second", _rate("saga_step_messages_total", "process, answer"), "{{process}} {{answer}}"),
        Panel("Stages, p99", _quantile("saga_step_stage_seconds", "stage"), "{{stage}}", "s"),
        Panel("Done again, per second", _rate("saga_step_retries_total", "process, cause"), "{{process}} {{cause}}"),
        Panel("Messages in a step, p99", _quantile("saga_step_batch_messages", "process"), "{{process}}"),
        Panel("Confirms, p99", _quantile("messaging_client_operation_duration_seconds", "instance"), "", "s"),
    ),
    "Who is behind?": (
        Panel("Not relayed", "max by (module, target) (saga_outbox_pending_messages)", "{{module}} {{target}}"),
        Panel("Oldest", "max by (module, target) (saga_outbox_oldest_age_seconds)", "{{module}} {{target}}", "s"),
        Panel("Behind", "max by (consumer, module) (saga_cursor_behind_positions)", "{{consumer}} {{module}}"),
        Panel("Holes", "max by (consumer, module) (saga_cursor_holes)", "{{consumer}} {{module}}"),
        Panel("Age of holes", "max by (consumer, module) (saga_cursor_hole_age_seconds)", "{{consumer}}", "s"),
        Panel("Alarms", "max by (consumer, module) (saga_cursor_alarm)", "{{consumer}} {{module}}"),
    ),
    "Do deadlines fire?": (
        Panel("Armed", "max by (process, name) (saga_timers_armed)", "{{process}} {{name}}"),
        Panel("Overdue", "max by (process, name) (saga_timers_overdue)", "{{process}} {{name}}"),
        Panel("Oldest overdue", "max by (process, name) (saga_timers_oldest_overdue_seconds)", "{{process}}", "s"),
        Panel("Lateness, p99", _quantile("saga_timer_lateness_seconds", "process"), "{{process}}", "s"),
    ),
    "What needs a person?": (
        Panel("Open dead letters", "max by (process, kind) (saga_dead_letters_open)", "{{process}} {{kind}}"),
        Panel("Stuck", "max by (process, reason_code) (saga_stuck_instances)", "{{process}} {{reason_code}}"),
        Panel("Outcomes", "max by (process, outcome) (saga_instances)", "{{process}} {{outcome}}"),
        Panel("Versions of processes", "count by (process, version) (saga_process_version_info)", "{{process}}"),
        Panel("Versions of the program", "count by (version) (saga_build_info)", "{{version}}"),
    ),
}


def _panels() -> Iterator[dict[str, Any]]:
    """Rows of three panels each, from top to bottom."""
    top = number = 0
    for title, panels in ROWS.items():
        number += 1
        yield {"id": number, "type": "row", "title": title, "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}}
        top += 1
        for index, panel in enumerate(panels):
            number += 1
            place = {"x": index % 3 * WIDTH, "y": top + index // 3 * HEIGHT, "w": WIDTH, "h": HEIGHT}
            yield {
                "id": number,
                "type": "timeseries",
                "title": panel.title,
                "datasource": SOURCE,
                "gridPos": place,
                "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
                "targets": [{"refId": "A", "datasource": SOURCE, "expr": panel.expr, "legendFormat": panel.legend}],
            }
        top += (len(panels) + 2) // 3 * HEIGHT


def dashboard() -> dict[str, Any]:
    """The dashboard, as Grafana imports it; it asks for the Prometheus to read from."""
    source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    return {
        "title": "saga",
        "uid": "saga",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [source]},
        "panels": list(_panels()),
    }


def main(arguments: list[str]) -> int:
    """Write the dashboard, or compare it; 1 if it is another."""
    wanted = json.dumps(dashboard(), indent=2) + "\n"
    if arguments == ["--write"]:
        FILE.write_text(wanted, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != wanted:
        sys.stderr.write(f"{FILE.name} is not what this script writes: call it with --write\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
