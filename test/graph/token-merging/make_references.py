"""What torch computes of small UNets that merge tokens: references.safetensors beside this file.

Run: pip install torch diffusers safetensors; python make_references.py. Written for torch 2.15 and diffusers 0.42 on a CPU. The models are
sd15-tiny and sdxl-tiny of ../../golden/models. Tokens are merged as tomesd does (Bolya and Hoffman, 2023: bipartite soft matching over squares of 2x2) with
use_rand=False, max_downsample=1 counted from the first level that has transformers, and merge_attn alone.
"""

import pathlib

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention import BasicTransformerBlock
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent.parent / "golden" / "models"


def matching(metric: torch.Tensor, width: int, height: int, merged: int):
    """Merging and unmerging of tokens [rows, height * width, channels], `merged` of them."""
    rows, count, _ = metric.shape
    destination = torch.zeros(height, width, dtype=torch.bool)
    destination[: height // 2 * 2 : 2, : width // 2 * 2 : 2] = True
    order = destination.reshape(-1)
    b_at, a_at = torch.nonzero(order)[:, 0], torch.nonzero(~order)[:, 0]
    metric = metric / metric.norm(dim=-1, keepdim=True)
    scores = metric[:, a_at] @ metric[:, b_at].transpose(-1, -2)
    merged = min(len(a_at), merged)
    best, into = scores.max(dim=-1)
    edges = best.argsort(dim=-1, descending=True)[..., None]
    kept, moved = edges[:, merged:], edges[:, :merged]
    into = torch.gather(into[..., None], -2, moved)

    def merge(x: torch.Tensor) -> torch.Tensor:
        a, b = x[:, a_at], x[:, b_at]
        c = x.shape[-1]
        left = torch.gather(a, -2, kept.expand(-1, -1, c))
        b = b.scatter_reduce(-2, into.expand(-1, -1, c), torch.gather(a, -2, moved.expand(-1, -1, c)), reduce="mean")
        return torch.cat([left, b], dim=1)

    def unmerge(x: torch.Tensor) -> torch.Tensor:
        c = x.shape[-1]
        left, b = x[:, : kept.shape[1]], x[:, kept.shape[1] :]
        out = torch.zeros(rows, count, c)
        out[:, b_at] = b
        whole = a_at.expand(rows, -1)[..., None]
        out.scatter_(-2, torch.gather(whole, -2, kept).expand(-1, -1, c), left)
        out.scatter_(-2, torch.gather(whole, -2, moved).expand(-1, -1, c), torch.gather(b, -2, into.expand(-1, -1, c)))
        return out

    return merge, unmerge


class Merging(BasicTransformerBlock):
    def forward(self, hidden_states, encoder_hidden_states=None, **_):
        x = hidden_states
        width, height, ratio = SIZE["width"], SIZE["height"], SIZE["ratio"]
        normed = self.norm1(x)
        if x.shape[1] == width * height:
            merge, unmerge = matching(x, width, height, int(x.shape[1] * ratio))
            x = unmerge(self.attn1(merge(normed))) + x
        else:
            x = self.attn1(normed) + x
        x = self.attn2(self.norm2(x), encoder_hidden_states=encoder_hidden_states) + x
        return self.ff(self.norm3(x)) + x


SIZE: dict[str, float] = {}
references: dict[str, torch.Tensor] = {}
torch.manual_seed(5)
for model, level in (("sd15-tiny", 0), ("sdxl-tiny", 1)):
    unet = UNet2DConditionModel.from_pretrained(MODELS / model / "unet").float().eval()
    for module in unet.modules():
        if isinstance(module, BasicTransformerBlock):
            module.__class__ = Merging
    for height, width, ratio in ((16, 24, 0.5), (13, 18, 0.25), (16, 16, 0.75)):
        name = f"{model}/{height}x{width}/{ratio}"
        given = {
            "sample": torch.randn(2, 4, height, width),
            "timestep": torch.tensor([321.0, 700.0]),
            "encoder_hidden_states": torch.randn(2, 7, unet.config.cross_attention_dim),
        }
        added = {}
        if unet.config.addition_embed_type == "text_time":
            pooled = unet.config.projection_class_embeddings_input_dim - 6 * unet.config.addition_time_embed_dim
            added = {"text_embeds": torch.randn(2, pooled), "time_ids": torch.rand(2, 6) * 64}
        down = 2**level
        SIZE.update(width=-(-width // down), height=-(-height // down), ratio=ratio)
        with torch.no_grad():
            out = unet(given["sample"], given["timestep"], given["encoder_hidden_states"], added_cond_kwargs=added).sample
        for key, value in {**given, **added, "out": out}.items():
            references[f"{name}/{key}"] = value.contiguous()
save_file(references, HERE / "references.safetensors")
