"""What diffusers computes of small UNets whose deep features are kept: references.safetensors beside this file.

Run: pip install torch diffusers safetensors; python make_references.py. Written for torch 2.15 and diffusers 0.42 on a CPU. The models are
sd15-tiny and sdxl-tiny of ../../golden/models. As DeepCache does it (Ma et al. 2023): one evaluation works all out, in the next one, of other latents at another
timestep, what comes from below to the skip connection of a branch is that of the first; nothing that is deeper runs.
"""

import pathlib

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent.parent / "golden" / "models"


class Kept:
    """Takes the place of a module's forward: what it gave when all was worked out, or fails where it should not run."""

    def __init__(self, module: torch.nn.Module):
        self.run, self.result = module.forward, None
        module.forward = self

    def __call__(self, *args, **kwargs):
        if not SHALLOW[0]:
            self.result = self.run(*args, **kwargs)
        return self.result


SHALLOW = [False]


def cut(unet: UNet2DConditionModel, depth: int) -> None:
    """Keeps all that lies deeper than the skip connection `depth`."""
    skip = 0
    for block in unet.down_blocks:
        attentions = getattr(block, "attentions", None) or [None] * len(block.resnets)
        for resnet, attention in zip(block.resnets, attentions):
            skip += 1
            if skip > depth:
                Kept(resnet)
                if attention is not None:
                    Kept(attention)
        for sampler in block.downsamplers or []:
            skip += 1
            if skip > depth:
                Kept(sampler)
    Kept(unet.mid_block)
    for block in unet.up_blocks:
        attentions = getattr(block, "attentions", None) or [None] * len(block.resnets)
        for resnet, attention in zip(block.resnets, attentions):
            if skip > depth:
                Kept(resnet)
                if attention is not None:
                    Kept(attention)
            skip -= 1
        for sampler in block.upsamplers or []:
            if skip + 1 > depth:
                Kept(sampler)


references: dict[str, torch.Tensor] = {}
torch.manual_seed(7)
for model in ("sd15-tiny", "sdxl-tiny"):
    config = UNet2DConditionModel.load_config(MODELS / model / "unet")
    skips = len(config["block_out_channels"]) * (config["layers_per_block"] + 1)
    # At the ends of levels and within one.
    for depth in [depth for depth in range(skips) if depth < 4 or depth % 3 == 2]:
        unet = UNet2DConditionModel.from_pretrained(MODELS / model / "unet").float().eval()
        cut(unet, depth)
        height, width = ((8, 12), (13, 9))[depth % 2]
        for name in ("whole", "shallow"):
            SHALLOW[0] = name == "shallow"
            given = {
                "sample": torch.randn(1, 4, height, width),
                "timestep": torch.tensor([700.0]) - 40 * SHALLOW[0],
                "encoder_hidden_states": torch.randn(1, 7, unet.config.cross_attention_dim),
            }
            added = {}
            if unet.config.addition_embed_type == "text_time":
                pooled = unet.config.projection_class_embeddings_input_dim - 6 * unet.config.addition_time_embed_dim
                added = {"text_embeds": torch.randn(1, pooled), "time_ids": torch.rand(1, 6) * 64}
            with torch.no_grad():
                out = unet(
                    given["sample"], given["timestep"], given["encoder_hidden_states"], added_cond_kwargs=added
                ).sample
            for key, value in {**given, **added, "out": out}.items():
                references[f"{model}/{depth}/{name}/{key}"] = value.contiguous()
save_file(references, HERE / "references.safetensors")
