"""What Pillow's Image.resize gives: references.json beside this file. Run with Pillow 13: python make_references.py

Pillow 13 takes the vertical pass first where that is cheaper. For such a size the passes are made one after the other, the horizontal one
first, as all earlier releases do it.
"""

import base64
import json
import pathlib

import numpy
from PIL import Image

FILTERS = {"nearest": Image.NEAREST, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
SIZES = [(46, 26), (69, 39), (30, 13), (23, 31), (11, 7), (9, 40)]


def picture(channels: int) -> Image.Image:
    """Soft colours with hard edges and noise in them; where it has opacity, all of 0, 255 and what lies between."""
    random = numpy.random.default_rng(5)
    y, x = numpy.mgrid[0:13, 0:23]
    planes = [(x * 11 + y * 7) % 256, (x > 9) * 255, 128 + 100 * numpy.sin(x / 3 + y / 2), (x - 8) * 30 + (y - 6) * 25]
    values = numpy.stack(planes[:channels], axis=2).clip(0, 255)
    values[:, 15:, :3] = random.integers(0, 256, size=(13, 8, 3))
    return Image.fromarray(values.astype(numpy.uint8), "RGB" if channels == 3 else "RGBA")


def resized(image: Image.Image, size: tuple[int, int], by: int) -> Image.Image:
    if by == Image.NEAREST:
        return image.resize(size, by)
    mixed = image.convert("RGBa") if image.mode == "RGBA" else image
    return mixed.resize((size[0], image.height), by).resize(size, by).convert(image.mode)


def packed(image: Image.Image) -> str:
    return base64.b64encode(image.tobytes()).decode()


cases = []
for channels in (3, 4):
    source = picture(channels)
    for upscaler, by in FILTERS.items():
        for size in SIZES:
            cases.append({"channels": channels, "upscaler": upscaler, "size": size, "data": packed(resized(source, size, by))})
sources = {str(channels): packed(picture(channels)) for channels in (3, 4)}
document = {"width": 23, "height": 13, "sources": sources, "cases": cases}
pathlib.Path(__file__).with_name("references.json").write_text(json.dumps(document, indent=1) + "\n")
