"""What torch computes of small networks whose convolutions wrap: references.safetensors beside this file.

Run: pip install torch diffusers transformers safetensors; python make_references.py. Written for torch 2.15 and diffusers 0.42 on a CPU. The
models are those of ../../golden/models/sd15-tiny. Convolutions pad by repeating the other edge along the axes that wrap, as A1111 does with
padding_mode = "circular", and with zeros along the others; so does the autoencoder's encoder where it halves, which diffusers pads by hand.
"""

import pathlib

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from diffusers.models import downsampling
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent.parent / "golden" / "models" / "sd15-tiny"


def padded(x: torch.Tensor, sides: tuple[int, int, int, int], tiling: str) -> torch.Tensor:
    """`sides` as of torch: left, right, top, bottom."""
    left, right, top, bottom = sides
    across, down = (left, right, 0, 0), (0, 0, top, bottom)
    x = functional.pad(x, across, mode="circular" if tiling in ("x", "both") else "constant")
    return functional.pad(x, down, mode="circular" if tiling in ("y", "both") else "constant")


def wrap(model: nn.Module, tiling: str) -> nn.Module:
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            def forward(x: torch.Tensor, conv: nn.Conv2d = module) -> torch.Tensor:
                high, wide = conv.padding
                x = padded(x, (wide, wide, high, high), tiling) if high or wide else x
                return functional.conv2d(x, conv.weight, conv.bias, conv.stride, 0)

            module.forward = forward
        if isinstance(module, downsampling.Downsample2D) and module.padding == 0:
            def halved(hidden: torch.Tensor, *_: object, module: nn.Module = module) -> torch.Tensor:
                return module.conv(padded(hidden, (0, 1, 0, 1), tiling))

            module.forward = halved
    return model


torch.manual_seed(3)
references = {
    "sample": torch.randn(1, 4, 16, 24),
    "image": torch.rand(1, 3, 64, 96) * 2 - 1,
    "map": torch.rand(1, 3, 128, 192),
    "timestep": torch.tensor([321.0]),
}
unet_config = UNet2DConditionModel.load_config(MODELS / "unet")
references["context"] = torch.randn(1, 7, unet_config["cross_attention_dim"])
for tiling in ("x", "y", "both"):
    with torch.no_grad():
        unet = wrap(UNet2DConditionModel.from_pretrained(MODELS / "unet").float().eval(), tiling)
        control = wrap(ControlNetModel.from_pretrained(MODELS / "controlnet-a").float().eval(), tiling)
        vae = wrap(AutoencoderKL.from_pretrained(MODELS / "vae").float().eval(), tiling)
        given = (references["sample"], references["timestep"], references["context"])
        references[f"{tiling}/unet"] = unet(*given).sample
        down, middle = control(*given, controlnet_cond=references["map"], return_dict=False)
        for point, residual in enumerate([*down, middle]):
            references[f"{tiling}/residual.{point}"] = residual
        references[f"{tiling}/hint"] = control.controlnet_cond_embedding(references["map"])
        references[f"{tiling}/mean"] = vae.encode(references["image"]).latent_dist.mean
        references[f"{tiling}/decoded"] = vae.decode(references["sample"][:, :, :8, :12]).sample
save_file({name: value.contiguous() for name, value in references.items()}, HERE / "references.safetensors")
