"""`saga demo` as somebody calls it who has nothing but this package: with PostgreSQL alone."""

import re
import subprocess
import sys
from pathlib import Path

ORDERS_OF_ARRIVAL = 15


def test_without_a_broker_it_kills_a_worker_and_loses_doubles_and_diverges_nothing(shared_home: Path) -> None:
    (shared_home / "rabbitmq-server").unlink(missing_ok=True)
    command = [sys.executable, "-m", "saga", "demo", "--no-broker", "--orders", "60", "--seed", "7"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert result.returncode == 0, result.stderr + result.stdout
    assert "RabbitMQ" not in result.stderr
    assert "SIGKILL to worker-1" in result.stderr
    assert "worker-1 was started again" in result.stderr
    assert re.search(r"orders 105, lost 0, doubled 0, diverged 0, stuck 0 \(seed 7, \d+ s\)", result.stdout)
    assert len(re.findall(r"the same +│ +the same", result.stdout)) == ORDERS_OF_ARRIVAL
    assert list(shared_home.iterdir()) == [], "it leaves nothing"
