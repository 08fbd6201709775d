"""The zoo's networks as GGUF, with the names of llama.cpp.

``python tests/data/make/gguf_files.py`` writes them under ``zoo/gguf`` in float32, float16 and in two parts, and
quantised blocks of each type under ``samples/gguf``. Made with gguf 0.19.0, the writer that llama.cpp's converters use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zoo
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import dequantize, quantize

HERE = Path(__file__).parent


ZOO, SAMPLES = HERE.parent / "zoo" / "gguf", HERE.parent / "samples" / "gguf"
BLOCK_NAMES = {
    **{"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output", "ff1": "ffn_up", "ff2": "ffn_down"},
    **{"ln1": "attn_output_norm", "ln2": "layer_output_norm"},
}
NAMES = {
    **{name: f"blk.0.{module}" for name, module in BLOCK_NAMES.items()},
    **{"ln0": "token_embd_norm", "head": "cls.output"},
}
LEAVES = {"kernel": "weight", "scale": "weight", "bias": "bias"}
QUANTISED = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0", "BF16")


def mlp() -> dict[str, Any]:
    """Three linear layers, (out, in)."""
    made = zoo.mlp()
    return {f"{name.split('.')[0]}.{LEAVES[name.split('.')[1]]}": values.T for name, values in made.items()}


def transformer() -> dict[str, Any]:
    """The names that BERT has in llama.cpp."""
    made = zoo.transformer()
    tensors = {"token_embd.weight": made["token"], "position_embd.weight": made["position"]}
    for name, values in made.items():
        stem, _, leaf = name.partition(".")
        if stem in NAMES:
            tensors[f"{NAMES[stem]}.{LEAVES[leaf]}"] = values.T
    return tensors


def write(path: Path, tensors: dict[str, Any], architecture: str, dtype: Any, parts: int = 0) -> None:
    """Write tensors as arrays of a type, biases and norms in float32 as llama.cpp does."""
    writer = GGUFWriter(path, architecture, split_max_tensors=parts)
    if architecture == "bert":
        writer.add_block_count(1)
        writer.add_embedding_length(8)
        writer.add_head_count(2)
        writer.add_token_list([f"token {k}" for k in range(11)])
    for name, values in tensors.items():
        writer.add_tensor(name, np.ascontiguousarray(values, dtype if values.ndim > 1 else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_quantised(path: Path) -> None:
    """A tensor of each type that the package quantises, and the values that it gives back for them."""
    writer, expected = GGUFWriter(path, "test"), {}
    values = np.random.default_rng(0).standard_normal((4, 256)).astype(np.float32)
    for name in QUANTISED:
        kind = GGMLQuantizationType[name]
        packed = quantize(values, kind)
        writer.add_tensor(f"{name}.weight", packed, raw_dtype=kind)
        expected[name] = dequantize(packed, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    np.savez_compressed(path.with_suffix(".npz"), **expected)


def main() -> None:
    """Write all files."""
    for folder in (ZOO, SAMPLES):
        folder.mkdir(parents=True, exist_ok=True)
    for name, tensors, architecture in (("mlp", mlp(), "mlp"), ("transformer", transformer(), "bert")):
        write(ZOO / f"{name}.gguf", tensors, architecture, np.float32)
        write(ZOO / f"{name}-float16.gguf", tensors, architecture, np.float16)
    write(ZOO / "transformer.gguf", transformer(), "bert", np.float32, parts=len(transformer()) // 2 + 1)
    write(ZOO / "transformer.gguf", transformer(), "bert", np.float32)
    write_quantised(SAMPLES / "types.gguf")


if __name__ == "__main__":
    main()
