"""What diffusers makes of the hint of ControlNet's inpaint network, on a small ControlNet.

    pip install torch diffusers transformers pillow numpy
    python test/conditions/inpaint/make_golden.py

Writes golden/ beside this file: a picture, a mask (white is drawn anew), and what the ControlNet of
test/golden/models/sd15-tiny/controlnet-a gives for the hint of the published rule: the picture as 0..1 and -1 in all
channels where the mask is above a half. Made with torch 2.15, diffusers 0.42.
"""

import json
import os

import numpy as np
import torch
from diffusers import ControlNetModel
from PIL import Image, ImageDraw

here = os.path.dirname(os.path.abspath(__file__))
golden = os.path.join(here, "golden")
tests = os.path.join(here, "..", "..")
width, height = 96, 64


def picture():
    image = Image.open(os.path.join(tests, "photos", "coffee.png")).convert("RGB").resize((width, height), Image.BICUBIC)
    mask = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((20, 10, 60, 50), fill=255)
    # Just on either side of a half.
    draw.rectangle((70, 40, 80, 50), fill=127)
    draw.rectangle((82, 40, 92, 50), fill=128)
    return image, mask


def hint_of(image, mask):
    values = np.array(image).astype(np.float32) / 255.0
    values[np.array(mask).astype(np.float32) / 255.0 > 0.5] = -1.0
    return torch.from_numpy(values.transpose(2, 0, 1)[None].copy())


def waves(*shape):
    """Inputs that any language makes alike."""
    count = int(np.prod(shape))
    return torch.from_numpy(np.sin(np.arange(count, dtype=np.float64) * 0.7).astype(np.float32).reshape(shape))


def rounded(tensor):
    return [round(float(value), 6) for value in tensor.detach().numpy().ravel()]


if __name__ == "__main__":
    os.makedirs(golden, exist_ok=True)
    image, mask = picture()
    image.save(os.path.join(golden, "picture.png"))
    mask.save(os.path.join(golden, "mask.png"))
    hint = hint_of(image, mask)
    network = ControlNetModel.from_pretrained(os.path.join(tests, "golden", "models", "sd15-tiny", "controlnet-a")).eval()
    with torch.no_grad():
        features = network.controlnet_cond_embedding(hint)
        down, middle = network(waves(1, 4, height // 8, width // 8), 500, waves(1, 77, 24), hint, return_dict=False)
    print(hint.shape, float(hint.min()), features.shape, middle.shape, int((hint[0, 0] < 0).sum()))
    with open(os.path.join(golden, "reference.json"), "w") as file:
        json.dump({
            "masked": int((hint[0, 0] < 0).sum()),
            "features": {"dims": list(features.shape), "data": rounded(features)},
            "residuals": [{"dims": list(one.shape), "data": rounded(one)} for one in [*down, middle]],
        }, file, separators=(",", ":"))
        file.write("\n")
