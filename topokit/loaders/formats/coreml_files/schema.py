"""The messages of a Core ML model, as far as a network needs them.

Source: ``Model.proto``, ``NeuralNetwork.proto`` and ``MIL.proto`` of
https://github.com/apple/coremltools/tree/main/mlmodel/format.
"""

from __future__ import annotations

from topokit.loaders.formats.common.protobuf import Schemas, many, numbers, one

_MODEL: Schemas = {
    "Model": {
        1: one("version", "int"),
        2: one("description", "Description"),
        303: one("neuralNetworkRegressor", "Network"),
        403: one("neuralNetworkClassifier", "Network"),
        500: one("neuralNetwork", "Network"),
        502: one("mlProgram", "Program"),
    },
    "Description": {1: many("inputs", "Feature"), 10: many("outputs", "Feature")},
    "Feature": {1: one("name", "string"), 3: one("type", "FeatureType")},
    "FeatureType": {4: one("image", "Image"), 5: one("array", "ArrayType")},
    "Image": {1: one("width", "int"), 2: one("height", "int"), 3: one("colors", "int")},
    "ArrayType": {1: many("shape", "int"), 21: one("several", "span"), 31: one("range", "span")},
}

_PROGRAM: Schemas = {
    "Program": {1: one("version", "int"), 2: many("functions", "FunctionEntry")},
    "FunctionEntry": {1: one("key", "string"), 2: one("value", "Function")},
    "Function": {1: many("inputs", "NamedType"), 2: one("opset", "string"), 3: many("blocks", "BlockEntry")},
    "BlockEntry": {1: one("key", "string"), 2: one("value", "Block")},
    "Block": {1: many("inputs", "NamedType"), 2: many("outputs", "string"), 3: many("operations", "Operation")},
    "Operation": {
        1: one("type", "string"),
        2: many("inputs", "ArgumentEntry"),
        3: many("outputs", "NamedType"),
        5: many("attributes", "ValueEntry"),
    },
    "ArgumentEntry": {1: one("key", "string"), 2: one("value", "Argument")},
    "Argument": {1: many("bindings", "Binding")},
    "Binding": {1: one("name", "string"), 2: one("value", "Value")},
    "ValueEntry": {1: one("key", "string"), 2: one("value", "Value")},
    "NamedType": {1: one("name", "string"), 2: one("type", "ValueType")},
    "ValueType": {1: one("tensor", "TensorType"), 5: one("state", "StateType")},
    "StateType": {1: one("wrapped", "ValueType")},
    "TensorType": {1: one("dtype", "int"), 2: one("rank", "int"), 3: many("dims", "Dimension")},
    "Dimension": {1: one("constant", "Extent")},
    "Extent": {1: one("size", "int")},
    "Value": {2: one("type", "ValueType"), 3: one("immediate", "Immediate"), 5: one("blob", "BlobFile")},
    "Immediate": {1: one("tensor", "TensorValue")},
    "BlobFile": {1: one("file", "string"), 2: one("offset", "uint")},
    "TensorValue": {
        1: one("floats", "Floats"),
        2: one("ints", "Ints"),
        3: one("bools", "Bools"),
        4: one("strings", "Strings"),
        5: one("longs", "Ints"),
        6: one("doubles", "Doubles"),
        7: one("bytes", "Bytes"),
    },
    "Floats": {1: numbers("values", "float")},
    "Doubles": {1: numbers("values", "double")},
    "Ints": {1: numbers("values", "int")},
    "Bools": {1: numbers("values", "bool")},
    "Strings": {1: many("values", "string")},
    "Bytes": {1: one("values", "span")},
}

_WEIGHTS: Schemas = {
    "Weights": {
        1: numbers("floats", "float"),
        2: one("halves", "span"),
        30: one("raw", "span"),
        31: one("bytes", "span"),
        40: one("quantisation", "Quantisation"),
    },
    "Quantisation": {1: one("bits", "uint"), 101: one("linear", "Linear"), 102: one("table", "Table")},
    "Linear": {1: numbers("scale", "float"), 2: numbers("bias", "float")},
    "Table": {1: numbers("values", "float")},
}

_SIZES = {1: one("first", "uint"), 2: one("second", "uint")}
_CONTAINED = {20: one("weights", "Weights"), 21: one("bias", "Weights")}

_LAYERS: Schemas = {
    "Network": {1: many("layers", "Layer"), 5: one("arrays", "int"), 6: one("images", "int")},
    "Layer": {
        1: one("name", "string"),
        2: many("inputs", "string"),
        3: many("outputs", "string"),
        4: many("input_shapes", "LayerShape"),
        5: many("output_shapes", "LayerShape"),
        100: one("convolution", "Convolution"),
        120: one("pooling", "Pooling"),
        140: one("innerProduct", "InnerProduct"),
        150: one("embedding", "InnerProduct"),
        160: one("batchnorm", "BatchNorm"),
        245: one("scale", "Scale"),
        250: one("bias", "Bias"),
        270: one("dot", "Empty"),
        280: one("reduce", "LegacyReduce"),
        290: one("loadConstant", "LoadConstant"),
        300: one("reshape", "Shaped"),
        301: one("flatten", "Empty"),
        310: one("permute", "Axes"),
        320: one("concat", "Concat"),
        330: one("split", "Count"),
        350: one("slice", "LegacySlice"),
        400: one("simpleRecurrent", "SimpleRecurrent"),
        410: one("gru", "Gru"),
        420: one("uniDirectionalLSTM", "Lstm"),
        430: one("biDirectionalLSTM", "Lstm"),
        500: one("custom", "Custom"),
        930: one("gather", "Axis"),
        975: one("splitND", "SplitND"),
        980: one("concatND", "Axis"),
        985: one("transpose", "Axes"),
        995: one("sliceStatic", "SliceStatic"),
        1040: one("embeddingND", "InnerProduct"),
        1045: one("batchedMatmul", "BatchedMatmul"),
        1070: one("loadConstantND", "LoadConstant"),
        1105: one("broadcastToStatic", "Shaped"),
        1120: one("squeeze", "Squeeze"),
        1125: one("expandDims", "Axes"),
        1130: one("flattenTo2D", "Axis"),
        1140: one("reshapeStatic", "Shaped"),
        1150: one("rankPreservingReshape", "Shaped"),
        **{number: one(name, "Reduce") for number, name in {1260: "reduceMax", 1265: "reduceMin"}.items()},
        **{number: one(name, "Reduce") for number, name in {1270: "reduceSum", 1280: "reduceMean"}.items()},
        1350: one("layerNormalization", "LayerNorm"),
        **{
            number: one(name, "Empty")
            for number, name in {
                **{130: "activation", 165: "mvn", 170: "l2normalize", 175: "softmax", 180: "lrn", 200: "padding"},
                **{210: "upsample", 211: "resizeBilinear", 220: "unary", 230: "add", 231: "multiply", 240: "average"},
                **{260: "max", 261: "min", 600: "copy", 660: "clip", 665: "ceil", 670: "floor"},
                **{680: "sign", 685: "round", 700: "exp2", 710: "sin", 715: "cos", 760: "tanh", 790: "erf"},
                **{795: "gelu", 870: "minBroadcastable", 875: "maxBroadcastable", 880: "addBroadcastable"},
                **{885: "powBroadcastable", 890: "divideBroadcastable", 900: "multiplyBroadcastable"},
                **{905: "subtractBroadcastable", 950: "softmaxND", 1330: "whereBroadcastable", 1455: "cumSum"},
                **{1460: "clampedReLU", 1155: "constantPad", 960: "reverse", 920: "tile", 925: "stack"},
                **{1450: "oneHot", 1015: "topK", 1025: "argMax", 1020: "argMin", 345: "reorganizeData"},
            }.items()
        },
    },
    "Empty": {},
    "Custom": {10: one("type", "string"), 20: many("weights", "Weights")},
    "LayerShape": {1: one("rank", "uint"), 2: many("dims", "int")},
    "Axis": {1: one("axis", "int")},
    "Axes": {1: many("axes", "int")},
    "Count": {1: one("count", "uint")},
    "Shaped": {1: many("shape", "int"), 2: one("mode", "int")},
    "Squeeze": {1: many("axes", "int"), 2: one("all", "bool")},
    "Concat": {100: one("sequence", "bool")},
    "SplitND": {1: one("axis", "int"), 2: one("count", "uint"), 3: many("sizes", "uint")},
    "LegacySlice": {
        **{1: one("start", "int"), 2: one("end", "int"), 3: one("stride", "uint"), 4: one("axis", "int")},
    },
    "SliceStatic": {
        **{1: many("begins", "int"), 2: many("begin_masks", "bool"), 3: many("ends", "int")},
        **{4: many("end_masks", "bool"), 5: many("strides", "int"), 6: many("squeezes", "bool")},
    },
    "Reduce": {1: many("axes", "int"), 2: one("keeps", "bool"), 3: one("all", "bool")},
    "LegacyReduce": {1: one("mode", "int"), 3: one("axis", "int")},
    "LayerNorm": {1: many("shape", "int"), 3: one("gamma", "Weights"), 4: one("beta", "Weights")},
    "Pooling": {
        **{10: many("kernel", "uint"), 20: many("strides", "uint"), 30: one("valid", "Borders")},
        **{31: one("same", "Empty"), 32: one("last", "Empty"), 60: one("everything", "bool")},
    },
    "Borders": {1: one("amounts", "Amounts")},
    "Amounts": {10: many("edges", "Edges")},
    "Edges": {1: one("before", "uint"), 2: one("after", "uint")},
    "Convolution": {
        **{1: one("outputs", "uint"), 2: one("kernels", "uint"), 10: one("groups", "uint")},
        **{20: many("kernel", "uint"), 30: many("strides", "uint"), 40: many("dilations", "uint")},
        **{50: one("valid", "Borders"), 51: one("same", "Empty"), 60: one("transposed", "bool")},
        **{90: one("weights", "Weights"), 91: one("bias", "Weights")},
    },
    "InnerProduct": {**_SIZES, **_CONTAINED},
    "BatchedMatmul": {
        **{1: one("turn_a", "bool"), 2: one("turn_b", "bool"), 5: one("first", "uint"), 6: one("second", "uint")},
        **{8: one("weights", "Weights"), 9: one("bias", "Weights")},
    },
    "BatchNorm": {
        **{1: one("channels", "uint"), 15: one("gamma", "Weights"), 16: one("beta", "Weights")},
        **{17: one("mean", "Weights"), 18: one("variance", "Weights")},
    },
    "Scale": {
        1: many("shape", "uint"),
        2: one("scale", "Weights"),
        4: many("bias_shape", "uint"),
        5: one("bias", "Weights"),
    },
    "Bias": {1: many("shape", "uint"), 2: one("bias", "Weights")},
    "LoadConstant": {1: many("shape", "uint"), 2: one("data", "Weights")},
    "SimpleRecurrent": {
        **_SIZES,
        **{15: one("sequence", "bool"), 30: one("w0", "Weights"), 31: one("r0", "Weights"), 32: one("b0", "Weights")},
        100: one("backwards", "bool"),
    },
    "Gru": {
        **_SIZES,
        15: one("sequence", "bool"),
        **{30 + k: one(f"w{k}", "Weights") for k in range(3)},
        **{50 + k: one(f"r{k}", "Weights") for k in range(3)},
        **{70 + k: one(f"b{k}", "Weights") for k in range(3)},
        100: one("backwards", "bool"),
    },
    "Lstm": {
        **_SIZES,
        15: one("settings", "LstmSettings"),
        20: many("directions", "LstmWeights"),
        100: one("backwards", "bool"),
    },
    "LstmSettings": {10: one("sequence", "bool")},
    "LstmWeights": {
        **{1 + k: one(f"w{k}", "Weights") for k in range(4)},
        **{20 + k: one(f"r{k}", "Weights") for k in range(4)},
        **{40 + k: one(f"b{k}", "Weights") for k in range(4)},
    },
}

SCHEMAS: Schemas = {**_MODEL, **_PROGRAM, **_WEIGHTS, **_LAYERS}

NETWORKS = ("neuralNetwork", "neuralNetworkClassifier", "neuralNetworkRegressor")
KINDS = tuple(field.name for number, field in _LAYERS["Layer"].items() if number >= 100)
