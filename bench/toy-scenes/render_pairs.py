"""Renders scenes of a toy world with their maps as a set that `armature train` takes as it lies.

    python render_pairs.py OUT --count 5000 [--kind normal | scribble | canny | depth] [--size 256] [--first 0]

Needs numpy, numba, opencv-python-headless and Pillow. Scene i depends on its number alone: sets of the same scenes hold the same pairs, and a
run that was stopped goes on. Writes OUT/00000.png, OUT/map-00000.png and, at the end, OUT/pairs.jsonl.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from captions import caption
from PIL import Image
from toyworld import render, scene

SEED = 2027


def edges(image, low, high):
    return np.repeat(cv2.Canny(np.ascontiguousarray(image), low, high)[..., None], 3, -1)


def scribble(image):
    """Thick outlines of what is left of the strong edges once the picture is blurred."""
    smooth = cv2.GaussianBlur(np.ascontiguousarray(image), (5, 5), 0)
    return np.repeat(cv2.dilate(cv2.Canny(smooth, 60, 140), np.ones((3, 3), np.uint8))[..., None], 3, -1)


MAPS = {
    "normal": lambda scene: scene["normal"],
    "scribble": lambda scene: scribble(scene["image"]),
    "canny": lambda scene: edges(scene["image"], 100, 200),
    "depth": lambda scene: np.repeat(scene["depth"][..., None], 3, -1),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kind", choices=sorted(MAPS), default="normal")
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(options.first, options.first + options.count):
        picture, map_name = f"{number:05d}.png", f"map-{number:05d}.png"
        made = scene(np.random.default_rng([SEED, number]))
        if not (options.out / map_name).exists():
            rendered = render(made, options.size)
            Image.fromarray(rendered["image"]).save(options.out / picture)
            # Written last, under a name of its own first: it says that both are there.
            draft = options.out / f"{map_name}.part"
            Image.fromarray(MAPS[options.kind](rendered)).save(draft, format="png")
            draft.rename(options.out / map_name)
        words = caption(made, np.random.default_rng([SEED, number, 7]))
        rows.append(json.dumps({"picture": picture, "map": map_name, "caption": words}))
    (options.out / "pairs.jsonl").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
