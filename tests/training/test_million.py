"""A network of a million neurons and twenty million edges: trained, rewired, recorded and analysed within 4 GB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, resource, sys
import numpy as np
import topokit as tk
from topokit.training import TrainConfig, train
from topokit.training.data import Data

rng = np.random.default_rng(0)
x, y = rng.normal(size=(320, 54675)).astype(np.float32), np.arange(320) % 18
data = Data("clouds", x[:256], y[:256], x[256:], y[256:], (54675,), 18)
config = TrainConfig(
    method="set", engine="sparse", hidden=(500_000, 500_000), mask="er-epsilon", epsilon=10.0,
    batch_size=128, epochs=1, update_every=1, validation_fraction=0.0,
)
run = train(config, sys.argv[1], data=data)
network = run[-1]
found = {
    "steps": run.steps,
    "neurons": sum(layer.size for layer in network.layers),
    "edges": [one.n_edges for one in run],
    "changed": int(run.metrics["edges_changed"].sum()),
    "degrees": int(tk.degrees(network).degrees.sum()),
    "core": int(tk.kshell(network).summary["k_max"].iloc[0]),
    "dormant": int(tk.dormant(network).frame["below_threshold"].sum()),
    "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
}
print(json.dumps(found))
"""


@pytest.mark.slow
def test_a_million_neurons(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    edges = 10 * (54675 + 500_000) + 10 * (500_000 + 500_000) + 10 * (500_000 + 18)
    assert found["steps"] == [0, 1, 2]
    assert found["neurons"] == 1_054_693
    assert found["edges"] == [edges] * 3
    assert found["changed"] > 0.1 * edges
    assert found["degrees"] == 2 * edges
    assert found["core"] >= 10
    assert found["dormant"] < 1000
    assert found["gigabytes"] < 4
