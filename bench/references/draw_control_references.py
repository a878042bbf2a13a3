"""Pictures that diffusers draws with a model pack from the canny maps of the scenes: what bench/control-fidelity.ts compares with.

    python draw_control_references.py PACK SCENES OUT

Needs torch, diffusers, transformers and Pillow; used once for each new pack, never at run time. Writes OUT/<scene>.png and OUT/cases.json.
"""
import json
import sys
from pathlib import Path

import torch
from diffusers import ControlNetModel, DDIMScheduler, StableDiffusionControlNetPipeline
from PIL import Image

SEEDS, STEPS, GUIDANCE = (100, 101, 102), 20, 4.0
pack, scenes, out = (Path(argument) for argument in sys.argv[1:4])
out.mkdir(parents=True, exist_ok=True)
controlnet = ControlNetModel.from_pretrained(pack / "controlnet-canny", torch_dtype=torch.float32)
pipe = StableDiffusionControlNetPipeline.from_pretrained(pack, controlnet=controlnet, safety_checker=None, torch_dtype=torch.float32)
pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
pipe.set_progress_bar_config(disable=True)
cases = []
for file in sorted(scenes.glob("*_canny.png")):
    scene = file.name.removesuffix("_canny.png")
    caption = json.loads((scenes / f"{scene}.json").read_text())["caption"]
    for seed in SEEDS:
        image = pipe(caption, Image.open(file).convert("RGB"), num_inference_steps=STEPS, guidance_scale=GUIDANCE, width=256, height=256,
                     generator=torch.Generator().manual_seed(seed)).images[0]
        image.save(out / f"{scene}-{seed}.png")
        cases.append(dict(scene=scene, prompt=caption, seed=seed, steps=STEPS, guidance_scale=GUIDANCE, scheduler="ddim", picture=f"{scene}-{seed}.png"))
(out / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
