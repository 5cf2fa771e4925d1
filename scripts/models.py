#!/usr/bin/env python3
"""Makes the models that the tests score with, in tests/data/models.

    python3 -m venv /tmp/models && /tmp/models/bin/pip install numpy onnx safetensors
    /tmp/models/bin/python scripts/models.py

- logistic.onnx: a weighted sum of 100 features and the sigmoid (Gemm, Sigmoid)
- small.onnx: 8 features, two layers that lose what is below 0, a sum (MatMul, Add, Relu)
- small.safetensors: the same weights
- digits.safetensors, digits.toml: 784-128-10, trained here on digits that are drawn here
- sessions/score.onnx: the model of the demo, 6-4-1 and the sigmoid
- digits.csv: 30 digits in sixteenths, the last column says which

Everything follows from a seed.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "models"
SESSIONS = FOLDER.parents[2] / "sessions"
SIDE = 28

# Which strokes a digit has: top, upper left, upper right, middle, lower left, lower right, bottom.
STROKES = {
    0: "1110111", 1: "0010010", 2: "1011101", 3: "1011011", 4: "0111010",
    5: "1101011", 6: "1101111", 7: "1010010", 8: "1111111", 9: "1111011",
}


def draw(digit, rng):
    """A digit of thick strokes, slanted, moved and noisy."""
    left, right = 8 + rng.uniform(-1.5, 1.5), 19 + rng.uniform(-1.5, 1.5)
    top, bottom = 4 + rng.uniform(-1.5, 1.5), 23 + rng.uniform(-1.5, 1.5)
    middle = (top + bottom) / 2 + rng.uniform(-1, 1)
    lines = [
        ((left, top), (right, top)), ((left, top), (left, middle)), ((right, top), (right, middle)),
        ((left, middle), (right, middle)), ((left, middle), (left, bottom)),
        ((right, middle), (right, bottom)), ((left, bottom), (right, bottom)),
    ]
    slant, width = rng.uniform(-0.2, 0.2), rng.uniform(1.0, 1.9)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    x = x + slant * (y - middle)
    image = np.zeros((SIDE, SIDE))
    for is_drawn, ((x0, y0), (x1, y1)) in zip(STROKES[digit], lines):
        if is_drawn == "1":
            length = (x1 - x0) ** 2 + (y1 - y0) ** 2
            along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1)
            away = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
            image = np.maximum(image, np.clip(1.5 + width / 2 - away, 0, 1))
    image = np.clip(image + rng.normal(0, 0.08, image.shape), 0, 1)
    return np.round(image.ravel() * 16) / 16


def digits(count, rng):
    labels = np.arange(count) % 10
    return np.array([draw(label, rng) for label in labels]), labels


def train(images, labels, rng):
    """784-128-10 by plain gradient descent in batches."""
    first = rng.normal(0, 784**-0.5, (784, 128))
    second = rng.normal(0, 128**-0.5, (128, 10))
    biases, more = np.zeros(128), np.zeros(10)
    for step in range(3000):
        some = rng.integers(0, len(images), 64)
        x, wanted = images[some], np.eye(10)[labels[some]]
        hidden = np.maximum(x @ first + biases, 0)
        sums = hidden @ second + more
        chances = np.exp(sums - sums.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        slope = (chances - wanted) / len(some)
        back = (slope @ second.T) * (hidden > 0)
        rate = 0.1
        second -= rate * (hidden.T @ slope + 1e-4 * second)
        more -= rate * slope.sum(0)
        first -= rate * (x.T @ back + 1e-4 * first)
        biases -= rate * back.sum(0)
    return first, biases, second, more


def graph(name, nodes, tensors, features, outputs, folder=FOLDER):
    proto = helper.make_model(
        helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info("sheet", TensorProto.FLOAT, ["N", features])],
            [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N", outputs])],
            tensors,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(proto)
    onnx.save(proto, folder / f"{name}.onnx")


def demo():
    """The model of the demo."""
    own = np.random.default_rng(20080115)
    first = own.uniform(-1, 1, (6, 4)).astype(np.float32)
    first[0], first[1] = np.abs(first[0]), -np.abs(first[1])
    second = own.uniform(0.5, 1.5, (4, 1)).astype(np.float32)
    nodes = [
        helper.make_node("Gemm", ["sheet", "hidden"], ["sums"]),
        helper.make_node("Relu", ["sums"], ["values"]),
        helper.make_node("Gemm", ["values", "out", "bias"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["score"]),
    ]
    bias = np.array([-1.5], np.float32)
    named = [numpy_helper.from_array(first, "hidden"), numpy_helper.from_array(second, "out"), numpy_helper.from_array(bias, "bias")]
    graph("score", nodes, named, 6, 1, SESSIONS)


def main():
    rng = np.random.default_rng(20080114)
    FOLDER.mkdir(parents=True, exist_ok=True)
    tensor = numpy_helper.from_array

    weights = rng.uniform(-0.4, 0.4, (1, 100)).astype(np.float32)
    bias = np.array([0.25], np.float32)
    nodes = [
        helper.make_node("Gemm", ["sheet", "weights", "bias"], ["sum"], transB=1),
        helper.make_node("Sigmoid", ["sum"], ["score"]),
    ]
    graph("logistic", nodes, [tensor(weights, "weights"), tensor(bias, "bias")], 100, 1)

    sizes = [8, 6, 4, 1]
    named, nodes, tensors, before = {}, [], [], "sheet"
    for at, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        weights = rng.uniform(-0.8, 0.8, (inputs, outputs)).astype(np.float32)
        bias = rng.uniform(-0.5, 0.5, outputs).astype(np.float32)
        named[f"{at}.weight"], named[f"{at}.bias"] = np.ascontiguousarray(weights.T), bias
        # One of them as a list of numbers, which files may have as well.
        flat = helper.make_tensor(f"w{at}", TensorProto.FLOAT, weights.shape, weights.ravel().tolist())
        tensors += [flat, tensor(bias, f"b{at}")]
        last = at == len(sizes) - 2
        nodes.append(helper.make_node("MatMul", [before, f"w{at}"], [f"product{at}"]))
        nodes.append(helper.make_node("Add", [f"product{at}", f"b{at}"], ["score" if last else f"sum{at}"]))
        if not last:
            nodes.append(helper.make_node("Relu", [f"sum{at}"], [f"value{at}"]))
        before = f"value{at}"
    graph("small", nodes, tensors, 8, 1)
    save_file(named, FOLDER / "small.safetensors")

    demo()

    images, labels = digits(4000, rng)
    first, biases, second, more = train(images, labels, rng)
    kept = {
        "hidden.weight": first.T, "hidden.bias": biases, "out.weight": second.T, "out.bias": more,
    }
    kept = {name: np.ascontiguousarray(value).astype(np.float16) for name, value in kept.items()}
    save_file(kept, FOLDER / "digits.safetensors")
    images, labels = digits(1000, rng)
    first, biases, second, more = [kept[name].astype(float) for name in kept]
    found = (np.maximum(images @ first.T + biases, 0) @ second.T + more).argmax(1)
    print(f"digits that are taken for what they are: {(found == labels).mean():.1%}")
    with open(FOLDER / "digits.csv", "w") as file:
        for image, label in zip(images[:30], labels[:30]):
            # In sixteenths, which is short.
            file.write(",".join(str(int(pixel * 16)) for pixel in image) + f",{label}\n")


if __name__ == "__main__":
    main()
