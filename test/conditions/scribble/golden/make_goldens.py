"""Goldens of the scribble rules by OpenCV: python make_goldens.py ANNOTATOR_GOLDENS PHOTOS OUT

thin_<name>.png: lllyasviel/ControlNet-v1-1's nms(edge, 127, 3.0), GaussianBlur sigma 3 and threshold 4 of hed_<name>.hint.png;
xdog_<name>.png: its scribble_xdog (threshold 32), without the overflow of 8-bit numbers at differences of 128 and more.
"""
import sys
import cv2
import numpy as np

hints, photos, out = sys.argv[1:4]
directions = [np.uint8(f) for f in ([[0] * 3, [1] * 3, [0] * 3], [[0, 1, 0]] * 3, np.eye(3), np.fliplr(np.eye(3)))]

for name in ("coffee", "chelsea"):
    edge = cv2.imread(f"{hints}/hed_{name}.hint.png", cv2.IMREAD_GRAYSCALE)
    x = cv2.GaussianBlur(edge.astype(np.float32), (0, 0), 3.0)
    ridge = np.zeros_like(x)
    for f in directions:
        np.putmask(ridge, cv2.dilate(x, kernel=f) == x, x)
    strokes = np.where(ridge > 127, 255, 0).astype(np.uint8)
    strokes = cv2.GaussianBlur(strokes, (0, 0), 3.0)
    cv2.imwrite(f"{out}/thin_{name}.png", np.where(strokes > 4, 255, 0).astype(np.uint8))

for name in ("coffee", "rocket"):
    rgb = cv2.cvtColor(cv2.imread(f"{photos}/{name}.png"), cv2.COLOR_BGR2RGB).astype(np.float32)
    difference = np.min(cv2.GaussianBlur(rgb, (0, 0), 5.0) - cv2.GaussianBlur(rgb, (0, 0), 0.5), axis=2)
    dog = (255 - difference).clip(0, 255).astype(np.uint8)
    cv2.imwrite(f"{out}/xdog_{name}.png", np.where(2 * (255 - dog.astype(np.int32)) > 32, 255, 0).astype(np.uint8))
