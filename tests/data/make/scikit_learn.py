"""Make the sample files of scikit-learn: ``python tests/data/make/scikit_learn.py``.

Made with scikit-learn 1.9.1, joblib 1.6.0, skops 0.16.0, lz4 4.4.5 and NumPy 2.4.6.
"""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import skops.io
import zoo
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

DATA = Path(__file__).parents[1]


JOBLIB = {"joblib": 0} | {name: (name, 3) for name in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4")}
KINDS = {"": MLPClassifier, "-regressor": MLPRegressor}


def trained(kind: type, **options: object) -> MLPClassifier | MLPRegressor:
    """A model that was fitted for one step, so that it has optimizer slots, with the weights of the zoo's network."""
    rng = np.random.default_rng(0)
    inputs, classes = rng.standard_normal((40, 12)).astype(np.float32), np.arange(40) % 4
    model = kind(hidden_layer_sizes=(10, 8), max_iter=1, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(inputs, classes if kind is MLPClassifier else np.eye(4, dtype=np.float32)[classes])
    weights = zoo.mlp()
    model.coefs_ = [weights[f"fc{k}.kernel"] for k in (1, 2, 3)]
    model.intercepts_ = [weights[f"fc{k}.bias"] for k in (1, 2, 3)]
    assert np.isfinite(model.predict(inputs)).all()
    return model


def main() -> None:
    """Write the files."""
    for name in ("pickle", "joblib", "skops"):
        (DATA / "zoo" / name).mkdir(parents=True, exist_ok=True)
    for ending, kind in KINDS.items():
        model = trained(kind, early_stopping=True)
        (DATA / "zoo/pickle" / f"mlp-sklearn{ending}.pkl").write_bytes(pickle.dumps(model))
    model = trained(MLPClassifier, early_stopping=True)
    for name, compress in JOBLIB.items():
        joblib.dump(model, DATA / "zoo/joblib" / f"mlp-{name}.joblib", compress=compress)
    skops.io.dump(trained(MLPClassifier), DATA / "zoo/skops/mlp.skops")
    skops.io.dump(trained(MLPRegressor, solver="sgd"), DATA / "zoo/skops/mlp-deflated.skops", compression=8)


if __name__ == "__main__":
    main()
