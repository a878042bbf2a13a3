"""Made the pictures in this folder with OpenCV 5.0 (opencv-python-headless 5.0.0.93) and NumPy 2.4: input.png is a part of
test/photos/astronaut.png at half size; the others are what OpenCV's functions, or ControlNet's rules around them, make of
it. references.json names condition and options of each."""

import json

import cv2
import numpy as np
from PIL import Image

photo = Image.open("../../photos/astronaut.png").convert("RGB").crop((150, 20, 294, 120)).resize((72, 50))
image = np.asarray(photo)
photo.save("input.png")
height, width, _ = image.shape


def blur(sigma):
    return cv2.GaussianBlur(image, (0, 0), sigma)


def threshold(level, inverted):
    kind = cv2.THRESH_BINARY_INV if inverted else cv2.THRESH_BINARY
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.threshold(grey, level or 0, 255, kind | (cv2.THRESH_OTSU if level is None else 0))[1]


def recolor(mode, gamma):
    if mode == "luminance":
        value = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[:, :, 0]
    else:
        value = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[:, :, 2]
    return np.rint((value.astype(np.float64) / 255) ** gamma * 255).astype(np.uint8)


def tile(factor):
    small = (max(1, int(width / factor)), max(1, int(height / factor)))
    return cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height), interpolation=cv2.INTER_CUBIC)


def noise_disk(scale):
    noise = np.random.uniform(low=0, high=1, size=((height // scale) + 2, (width // scale) + 2, 1))
    noise = cv2.resize(noise, (width + 2 * scale, height + 2 * scale), interpolation=cv2.INTER_CUBIC)
    noise = noise[scale : scale + height, scale : scale + width]
    noise = noise - np.min(noise)
    return (noise / np.max(noise))[:, :, None]


def shuffle(seed, scale):
    np.random.seed(seed)
    x = noise_disk(scale) * float(width - 1)
    y = noise_disk(scale) * float(height - 1)
    return cv2.remap(image, np.concatenate([x, y], axis=2).astype(np.float32), None, cv2.INTER_LINEAR)


def lineart(method, intensity, thickness, threshold):
    assert method == "standard"
    x = image.astype(np.float32)
    darkness = np.min(cv2.GaussianBlur(x, (0, 0), 6.0 * thickness) - x, axis=2).clip(0, 255)
    darkness /= max(16, np.median(darkness[darkness > threshold]))
    return (darkness * 127 * intensity).clip(0, 255).astype(np.uint8)


cases = [
    (blur, {"sigma": 0.5}),
    (blur, {"sigma": 3}),
    (blur, {"sigma": 9}),
    (blur, {"sigma": 20.3}),
    (threshold, {"level": None, "inverted": False}),
    (threshold, {"level": 100, "inverted": True}),
    (recolor, {"mode": "luminance", "gamma": 1}),
    (recolor, {"mode": "luminance", "gamma": 0.6}),
    (recolor, {"mode": "intensity", "gamma": 1.5}),
    (tile, {"factor": 2}),
    (tile, {"factor": 3.7}),
    (tile, {"factor": 32}),
    (shuffle, {"seed": 0, "scale": 256}),
    (shuffle, {"seed": 4294967295, "scale": 20}),
    (lineart, {"method": "standard", "intensity": 1, "thickness": 1, "threshold": 8}),
    (lineart, {"method": "standard", "intensity": 1.5, "thickness": 0.5, "threshold": 4}),
]
rows = []
for i, (make, options) in enumerate(cases):
    name = f"{i:02}_{make.__name__}.png"
    Image.fromarray(make(**options)).convert("RGB").save(name)
    rows.append({"file": name, "condition": make.__name__, "options": options})
with open("references.json", "w") as file:
    json.dump(rows, file, indent=1)
    file.write("\n")
