"""The zoo's networks as TensorFlow.js has them.

``TF_USE_LEGACY_KERAS=1 python tests/data/make/tensorflow_js.py [networks]``, after `tensorflow_files.py` and
`keras_files.py`, converts the SavedModels to graph models and the legacy ``.h5`` files to layers models under
``zoo/tfjs``, and to quantised ones under ``samples/tfjs``. Made with tensorflowjs 4.22.0 on TensorFlow 2.19.0 and
tf_keras 2.19.0; the package imports tensorflow_decision_forests, which it needs for decision forests only: an empty
module of that name will do.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tensorflowjs.converters import converter

HERE = Path(__file__).parent


ZOO = HERE.parent / "zoo"
SAMPLES = HERE.parent / "samples" / "tfjs"
NETWORKS = ("mlp", "convnet", "transformer", "lstm")


def convert(source: Path, target: Path, *options: str) -> None:
    """One model by the command line of the converter."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    converter.convert([*options, str(source), str(target)])


def main(names: list[str]) -> None:
    """Write the files of these networks, of all when none is named."""
    graph = ("--input_format=tf_saved_model", "--signature_name=serving_default", "--skip_op_check")
    for name in names or NETWORKS:
        convert(ZOO / "savedmodel" / name, ZOO / "tfjs" / name, *graph)
        convert(ZOO / "keras-h5" / f"{name}.h5", ZOO / "tfjs" / f"{name}-layers", "--input_format=keras")
    if not names or "mlp" in names:
        convert(ZOO / "savedmodel" / "mlp", ZOO / "tfjs" / "mlp-float16", *graph, "--quantize_float16=*")
        for kind in ("uint8", "uint16"):
            convert(ZOO / "savedmodel" / "mlp", SAMPLES / f"mlp-{kind}", *graph, f"--quantize_{kind}=*")
        shards = "--weight_shard_size_bytes=300"
        convert(ZOO / "savedmodel" / "mlp", SAMPLES / "mlp-shards", *graph, shards)


if __name__ == "__main__":
    main(sys.argv[1:])
