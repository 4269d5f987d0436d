#!/usr/bin/env python3
"""Turns EasyOCR's `english_g2.pth` into an ONNX graph, with numpy and onnx and without torch.

The network is a CRNN (Shi, Bai and Yao, 2015): a VGG feature extractor, two bidirectional LSTMs
each followed by a linear layer, and a linear layer over the characters. `input` is [N, 1, 64, W]
grey in -1..1; `output` is [T, N, 97] log-probabilities with T = W/4 - 1 and the CTC blank at 0.

Convolutions beyond the first run on integers, which halves what they cost: weights are rounded once, a
scale a channel, and what goes in is rounded as it comes (ONNX's dynamic quantisation).

A checkpoint is a zip whose pickle could run any code, so the unpickler knows four names and
refuses the rest. Equal checkpoints give equal bytes: names, order and version fields are fixed.
"""

import argparse
import io
import pickle
import sys
import zipfile
from collections import OrderedDict

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HIDDEN = 256
CLASSES = 97
HEIGHT = 64
# Weights are rounded to so many steps either side of 0. Seven bits, not eight: AVX2's sums of two products
# of a byte each would overflow otherwise, and the answer would depend on the processor.
STEPS = 63
# An old operator set, so that every runtime reads it (from 18 on ReduceMean takes its axes as an input).
OPSET = 13
IR_VERSION = 8

# Convolutions in order: layer in the checkpoint, its batch norm or None, kernel, padding, pooling after it.
VGG = [
    (0, None, 3, 1, (2, 2)),
    (3, None, 3, 1, (2, 2)),
    (6, None, 3, 1, None),
    (8, None, 3, 1, (2, 1)),
    (11, 12, 3, 1, None),
    (14, 15, 3, 1, (2, 1)),
    (18, None, 2, 0, None),
]


class CheckpointError(Exception):
    """The file is not the checkpoint that this script knows."""


class Storage:
    """Stands for a torch storage class: it only carries the element type."""

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)


def rebuild_tensor(storage, offset, shape, strides, *_unused):
    """Does what torch's `_rebuild_tensor_v2` does: a strided view of a flat storage."""
    step = storage.itemsize
    reach = offset + sum((n - 1) * s for n, s in zip(shape, strides)) + 1 if all(shape) else offset
    if offset < 0 or min(strides, default=0) < 0 or reach > storage.size:
        raise CheckpointError("a tensor reaches outside its storage")
    view = np.lib.stride_tricks.as_strided(storage[offset:], shape, [s * step for s in strides])
    return np.ascontiguousarray(view)


KNOWN = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
    ("torch", "FloatStorage"): Storage("<f4"),
    ("torch", "LongStorage"): Storage("<i8"),
}


class Unpickler(pickle.Unpickler):
    """Reads tensors and ordered dictionaries, and nothing that could act."""

    def __init__(self, archive, root):
        super().__init__(io.BytesIO(archive.read(f"{root}data.pkl")))
        self.archive, self.root = archive, root

    def find_class(self, module, name):
        try:
            return KNOWN[module, name]
        except KeyError:
            raise CheckpointError(f"the checkpoint asks for {module}.{name}") from None

    def persistent_load(self, pid):
        kind, storage, key, _device, _count = pid
        if kind != "storage" or not isinstance(storage, Storage):
            raise CheckpointError("the checkpoint holds an unknown storage")
        return np.frombuffer(self.archive.read(f"{self.root}data/{key}"), storage.dtype)


def read_checkpoint(path):
    """Returns parameter name -> array, without the `module.` prefix of a data-parallel training."""
    with zipfile.ZipFile(path) as archive:
        pickles = [n for n in archive.namelist() if n.endswith("data.pkl")]
        if len(pickles) != 1:
            raise CheckpointError("the checkpoint has no single data.pkl")
        state = Unpickler(archive, pickles[0].removesuffix("data.pkl")).load()
    return {name.removeprefix("module."): array for name, array in state.items()}


class Graph:
    """Collects nodes and weights; each step takes and gives the name of a tensor."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def weight(self, name, array):
        self.weights.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def step(self, op, name, *inputs, **attributes):
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=f"{name}.{op}", **attributes))
        return name


def take(state, name, shape):
    """The parameter of that name, checked, as 64-bit floats."""
    array = state.get(name)
    if array is None or array.shape != shape:
        raise CheckpointError(f"the checkpoint has no {name} of shape {list(shape)}")
    return array.astype(np.float64)


def convolution(state, layer, norm, kernel, channels_in):
    """Weights and bias of one convolution, its batch norm folded in (running statistics)."""
    prefix = f"FeatureExtraction.ConvNet.{layer}"
    channels = state[f"{prefix}.weight"].shape[0]
    weight = take(state, f"{prefix}.weight", (channels, channels_in, kernel, kernel))
    if norm is None:
        return weight, take(state, f"{prefix}.bias", (channels,))
    gamma, beta, mean, variance = (
        take(state, f"FeatureExtraction.ConvNet.{norm}.{part}", (channels,))
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(variance + 1e-5)
    return weight * scale[:, None, None, None], beta - mean * scale


def integer_convolution(graph, name, x, weight, bias, pad, **attributes):
    """A convolution on integers, with float input and output.

    What surrounds the input is put there before: rten 0.26 and 0.27 pad ConvInteger with 128, not with 0.
    """
    if pad:
        around = graph.weight(f"{name}.around", np.array([0, 0, pad, pad] * 2, np.int64))
        x = graph.step("Pad", f"{name}.padded", x, around)
    scale = np.abs(weight).max(axis=(1, 2, 3), keepdims=True) / STEPS
    w = graph.weight(f"{name}.w", np.rint(weight / scale).astype(np.int8))
    zero = graph.weight(f"{name}.zero", np.array(0, np.int8))
    rounded = [f"{name}.rounded", f"{name}.step", f"{name}.origin"]
    graph.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], rounded, name=f"{name}.DynamicQuantizeLinear"))
    x, step, origin = rounded
    x = graph.step("ConvInteger", f"{name}.sum", x, w, origin, zero, **attributes)
    x = graph.step("Cast", f"{name}.float", x, to=TensorProto.FLOAT)
    x = graph.step("Mul", f"{name}.of_input", x, step)
    channels = (1, -1, 1, 1)
    x = graph.step("Mul", f"{name}.scaled", x, graph.weight(f"{name}.scale", scale.reshape(channels).astype(np.float32)))
    return graph.step("Add", name, x, graph.weight(f"{name}.b", bias.reshape(channels).astype(np.float32)))


def reorder_gates(array):
    """torch keeps the gates as input, forget, cell, output; ONNX wants input, output, forget, cell."""
    i, f, c, o = np.split(array, 4)
    return np.concatenate([i, o, f, c])


def bidirectional_lstm(graph, state, index, x):
    """One LSTM over [T, N, 256] in both directions, then its linear layer back to 256."""
    prefix, name = f"SequenceModeling.{index}.rnn", f"lstm{index}"
    ends = ("l0", "l0_reverse")
    gates = 4 * HIDDEN
    w = np.stack([reorder_gates(take(state, f"{prefix}.weight_ih_{e}", (gates, HIDDEN))) for e in ends])
    r = np.stack([reorder_gates(take(state, f"{prefix}.weight_hh_{e}", (gates, HIDDEN))) for e in ends])
    b = np.stack(
        [
            np.concatenate([reorder_gates(take(state, f"{prefix}.bias_{k}_{e}", (gates,))) for k in ("ih", "hh")])
            for e in ends
        ]
    )
    inputs = [
        x,
        graph.weight(f"{name}.w", w.astype(np.float32)),
        graph.weight(f"{name}.r", r.astype(np.float32)),
        graph.weight(f"{name}.b", b.astype(np.float32)),
    ]
    y = graph.step("LSTM", f"{name}.y", *inputs, hidden_size=HIDDEN, direction="bidirectional")
    # [T, 2, N, H] -> [T, N, 2H], forward half first.
    y = graph.step("Transpose", f"{name}.t", y, perm=[0, 2, 1, 3])
    shape = graph.weight(f"{name}.shape", np.array([0, 0, 2 * HIDDEN], np.int64))
    y = graph.step("Reshape", f"{name}.joined", y, shape)
    return linear(graph, state, f"SequenceModeling.{index}.linear", f"{name}.linear", y, (HIDDEN, 2 * HIDDEN))


def linear(graph, state, prefix, name, x, shape):
    weight = take(state, f"{prefix}.weight", shape)
    bias = take(state, f"{prefix}.bias", shape[:1])
    product = graph.step("MatMul", f"{name}.product", x, graph.weight(f"{name}.w", weight.T.astype(np.float32)))
    return graph.step("Add", name, product, graph.weight(f"{name}.b", bias.astype(np.float32)))


def build(state):
    """The whole network as an ONNX model."""
    graph, x, channels = Graph(), "input", 1
    for layer, norm, kernel, pad, pool in VGG:
        name = f"conv{layer}"
        weight, bias = convolution(state, layer, norm, kernel, channels)
        window = {"kernel_shape": [kernel] * 2, "strides": [1, 1]}
        if channels == 1:
            w = graph.weight(f"{name}.w", weight.astype(np.float32))
            b = graph.weight(f"{name}.b", bias.astype(np.float32))
            x = graph.step("Conv", name, x, w, b, pads=[pad] * 4, **window)
        else:
            x = integer_convolution(graph, name, x, weight, bias, pad, **window)
        channels = weight.shape[0]
        x = graph.step("Relu", f"{name}.relu", x)
        if pool:
            x = graph.step("MaxPool", f"{name}.pool", x, kernel_shape=pool, strides=pool)
    # The mean over the height that is left, [N, 256, 3, T] -> [T, N, 256].
    x = graph.step("ReduceMean", "columns", x, axes=[2], keepdims=0)
    x = graph.step("Transpose", "sequence", x, perm=[2, 0, 1])
    for index in (0, 1):
        x = bidirectional_lstm(graph, state, index, x)
    x = linear(graph, state, "Prediction", "characters", x, (CLASSES, HIDDEN))
    graph.step("LogSoftmax", "output", x, axis=-1)

    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "english_g2",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 1, HEIGHT, "W"])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["T", "N", CLASSES])],
            graph.weights,
        ),
        producer_name="english_g2_to_onnx",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model)
    return model


def main():
    parser = argparse.ArgumentParser(description="Turn EasyOCR's english_g2.pth into ONNX.")
    parser.add_argument("checkpoint")
    parser.add_argument("output")
    args = parser.parse_args()
    try:
        model = build(read_checkpoint(args.checkpoint))
        with open(args.output, "wb") as file:
            file.write(model.SerializeToString(deterministic=True))
    except (CheckpointError, OSError, KeyError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        sys.exit(f"english_g2 was not converted: {error}")


if __name__ == "__main__":
    main()
