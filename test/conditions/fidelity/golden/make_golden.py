"""Reference figures of picture and normal agreement: pip install numpy scikit-image; python make_golden.py

Reads pictures of test/conditions/kernels and test/photos, writes agreement.json. Structural similarity is scikit-image's on
OpenCV's grey (the same fixed-point weights), angles are numpy's."""

import json
from pathlib import Path

import numpy as np
import skimage
from skimage.io import imread
from skimage.metrics import structural_similarity

here = Path(__file__).parent
kernels = here.parents[1] / "kernels"
photos = here.parents[2] / "photos"


def grey(rgb):
    weighted = rgb.astype(np.int64) @ np.array([9798, 19235, 3735])
    return ((weighted + 16384) >> 15).astype(np.uint8)


def picture(drawn, requested):
    ssim = structural_similarity(
        grey(drawn), grey(requested), gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    difference = drawn.astype(float) - requested.astype(float)
    return {"ssim": float(ssim), "rmse": float(np.sqrt((difference**2).mean()) / 255)}


def normals(drawn, requested):
    a, b = (picture.reshape(-1, 3) / 127.5 - 1 for picture in (drawn, requested))
    asked = requested.reshape(-1, 3).any(axis=1)
    across = np.linalg.norm(np.cross(a, b), axis=1)
    angles = np.degrees(np.arctan2(across, (a * b).sum(axis=1)))[asked]
    return {
        "mean": float(angles.mean()),
        "median": float(np.median(angles)),
        "within": [float((angles < limit).mean()) for limit in (11.25, 22.5, 30)],
    }


pairs = [("input.png", name) for name in ("00_blur.png", "03_blur.png", "09_tile.png", "06_recolor.png", "13_shuffle.png")]
read = lambda name: imread(kernels / name)[..., :3]
rows = [
    {"drawn": drawn, "requested": requested, **picture(read(drawn), read(requested)), "normals": normals(read(drawn), read(requested))}
    for drawn, requested in pairs
]
(here / "agreement.json").write_text(json.dumps({"scikit-image": skimage.__version__, "numpy": np.__version__, "pairs": rows}, indent=2) + "\n")
