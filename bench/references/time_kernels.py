"""Times OpenCV's way to the maps of the conditions that need no network, on one thread. Arguments: width, height, rounds; the
RGB pixels come on standard input. Prints one line of JSON: OpenCV's version and the best milliseconds of each."""

import json
import sys
import time

import cv2
import numpy as np

width, height, rounds = map(int, sys.argv[1:])
image = np.frombuffer(sys.stdin.buffer.read(), np.uint8).reshape(height, width, 3)
cv2.setNumThreads(1)
curve = np.arange(256, dtype=np.uint8)


def grey_map(values):
    return cv2.cvtColor(values, cv2.COLOR_GRAY2RGB)


def noise_disk(scale):
    noise = np.random.uniform(low=0, high=1, size=((height // scale) + 2, (width // scale) + 2, 1))
    noise = cv2.resize(noise, (width + 2 * scale, height + 2 * scale), interpolation=cv2.INTER_CUBIC)
    noise = noise[scale : scale + height, scale : scale + width]
    noise = noise - np.min(noise)
    return (noise / np.max(noise))[:, :, None]


def shuffle():
    x = noise_disk(256) * float(width - 1)
    y = noise_disk(256) * float(height - 1)
    return cv2.remap(image, np.concatenate([x, y], axis=2).astype(np.float32), None, cv2.INTER_LINEAR)


def standard_lines():
    x = image.astype(np.float32)
    darkness = np.min(cv2.GaussianBlur(x, (0, 0), 6.0) - x, axis=2).clip(0, 255)
    darkness /= max(16, np.median(darkness[darkness > 8]))
    return grey_map((darkness * 127).clip(0, 255).astype(np.uint8))


def xdog_lines():
    x = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    step = (cv2.GaussianBlur(x, (0, 0), 1.6) - cv2.GaussianBlur(x, (0, 0), 1.0)) / 0.1117
    return grey_map(np.rint(255 * np.tanh(np.maximum(step - 8, 0) / 32)).astype(np.uint8))


def scribble_xdog():
    x = image.astype(np.float32)
    darkness = np.min(cv2.GaussianBlur(x, (0, 0), 5.0) - cv2.GaussianBlur(x, (0, 0), 0.5), axis=2)
    dog = (255 - darkness).clip(0, 255).astype(np.uint8)
    return grey_map(cv2.threshold(dog, 239, 255, cv2.THRESH_BINARY_INV)[1])


def scribble_drawing():
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    strokes = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1]
    if 2 * cv2.countNonZero(strokes) > strokes.size:
        strokes = cv2.bitwise_not(strokes)
    return grey_map(strokes)


def tile():
    small = cv2.resize(image, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def recolor():
    lightness = cv2.extractChannel(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), 0)
    return grey_map(cv2.LUT(lightness, curve))


def recolor_intensity():
    return grey_map(cv2.LUT(cv2.extractChannel(cv2.cvtColor(image, cv2.COLOR_RGB2HSV), 2), curve))


def threshold():
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return grey_map(cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1])


kernels = {
    "lineart": xdog_lines,
    "lineart standard": standard_lines,
    "scribble xdog": scribble_xdog,
    "scribble drawing": scribble_drawing,
    "tile factor 4": tile,
    "blur": lambda: cv2.GaussianBlur(image, (0, 0), 9),
    "shuffle": shuffle,
    "recolor": recolor,
    "recolor intensity": recolor_intensity,
    "invert": lambda: cv2.bitwise_not(image),
    "threshold": threshold,
}
best = {}
for name, kernel in kernels.items():
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        kernel()
        times.append((time.perf_counter() - start) * 1000)
    best[name] = min(times)
print(json.dumps({"version": cv2.__version__, "best": best}))
