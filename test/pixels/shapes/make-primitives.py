"""Made primitives.png and primitives.json with OpenCV 5.0 (opencv-python-headless 5.0.0.93): 300 drawings, each on a black
canvas of 48x40 of its own, one below the other; partly or wholly outside in about a third of the cases."""

import json

import cv2
import numpy as np

random = np.random.RandomState(5)
width, height = 48, 40


def point():
    spread = random.choice([1.0, 1.0, 3.0, 40.0])
    x, y = (random.rand(2) - 0.5) * spread + 0.5
    return [int(x * width), int(y * height)]


def case(i):
    kind = ["line", "thick_line", "circle", "ellipse", "polygon"][i % 5]
    if kind == "line":
        return {"kind": kind, "points": [point(), point()]}
    if kind == "thick_line":
        return {"kind": kind, "points": [point(), point()], "thickness": int(random.choice([2, 2, 3, 5]))}
    if kind == "circle":
        return {"kind": kind, "points": [point()], "radius": int(random.randint(0, 12))}
    if kind == "ellipse":
        axes = [int(random.randint(0, 40)), int(random.choice([4, 4, 4, 1, 9]))]
        return {"kind": kind, "points": [point()], "axes": axes, "angle": int(random.randint(-180, 181))}
    return {"kind": kind, "points": [point() for _ in range(3)]}


def draw(c):
    canvas = np.zeros((height, width), np.uint8)
    p = [tuple(q) for q in c["points"]]
    if c["kind"] == "line":
        cv2.line(canvas, p[0], p[1], 255, 1)
    elif c["kind"] == "thick_line":
        cv2.line(canvas, p[0], p[1], 255, c["thickness"])
    elif c["kind"] == "circle":
        cv2.circle(canvas, p[0], c["radius"], 255, -1)
    elif c["kind"] == "ellipse":
        outline = cv2.ellipse2Poly(p[0], c["axes"], c["angle"], 0, 360, 1)
        cv2.fillConvexPoly(canvas, outline, 255)
    else:
        cv2.fillConvexPoly(canvas, np.array(p), 255)
    return canvas


cases = [case(i) for i in range(300)]
cv2.imwrite("primitives.png", np.concatenate([draw(c) for c in cases]), [cv2.IMWRITE_PNG_BILEVEL, 1])
with open("primitives.json", "w") as file:
    json.dump({"width": width, "height": height, "cases": cases}, file)
