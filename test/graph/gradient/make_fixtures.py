"""Gradients of operators and of small networks by torch, in float64, for the tests beside this file.

Run: pip install torch diffusers safetensors numpy; python make_fixtures.py. Written for torch 2.15 and diffusers 0.42 on a CPU. Inputs and
gradients are rounded to float32 at the end; the computation starts from the rounded inputs.
"""

import json
import pathlib

import numpy
import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from safetensors.torch import save_file
from torch.nn import functional

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent.parent / "golden" / "models"
RANDOM = numpy.random.default_rng(7)
torch.set_num_threads(1)


def normal(*shape: int) -> torch.Tensor:
    return torch.from_numpy(RANDOM.standard_normal(shape).astype(numpy.float32))


def convolved(x, weight, bias=None, stride=1, padding=(1, 1, 1, 1)):
    top, left, bottom, right = padding
    return functional.conv2d(functional.pad(x, (left, right, top, bottom)), weight, bias, stride)


def attended(query, key, value, bias=None, heads=1):
    apart = lambda x: x.unflatten(2, (heads, -1)).transpose(1, 2)
    q, k, v = apart(query), apart(key), apart(value)
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    if bias is not None:
        scores = scores + bias
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)


def pictured(tokens, like):
    return tokens.transpose(1, 2).reshape(like.shape)


def add_product(y, x, matrix):
    if y.dim() == 4:
        return y + torch.einsum("nihw,io->nohw", x, matrix)
    return y + x @ matrix


def broadcast(x, scale):
    return x * (scale[:, None] if x.dim() == 3 else scale[:, :, None, None] if x.dim() == 4 else scale)


CASES = []


def case(name, operator, function, shapes, attributes=None, wanted=None, draw=normal):
    CASES.append((name, operator, function, [draw(*shape) for shape in shapes], attributes or {}, wanted))


def convolution(name, rows, inputs, outputs, size, kernel=3, stride=1, padding=(1, 1, 1, 1)):
    attributes = {"kernel": kernel, "stride": stride, "padding": list(padding)}
    shapes = [(rows, inputs, *size), (outputs, inputs, kernel, kernel), (outputs,)]
    case(name, "Convolution", lambda x, w, b: convolved(x, w, b, stride, padding), shapes, attributes)


case("add", "Add", lambda a, b: a + b, [(2, 3, 4, 5), (2, 3, 4, 5)])
case("add, broadcast in front", "Add", lambda a, b: a + b, [(6,), (2, 5, 6)])
case("add, broadcast to each row", "Add", lambda a, b: a + b, [(2, 3, 4, 5), (2, 3, 1, 1)])
case("subtract, broadcast", "Subtract", lambda a, b: a - b, [(2, 3, 4, 5), (3, 1, 1)])
case("multiply", "Multiply", lambda a, b: a * b, [(2, 5, 6), (2, 5, 6)])
case("multiply, broadcast", "Multiply", lambda a, b: a * b, [(2, 3, 4, 5), (1, 3, 1, 5)])
case("affine", "Affine", lambda x: -1.5 * x + 0.25, [(2, 3, 4)], {"scale": -1.5, "shift": 0.25})
case("silu", "Silu", functional.silu, [(2, 3, 4, 5)])
case("quick gelu", "QuickGelu", lambda x: x * torch.sigmoid(1.702 * x), [(2, 5, 6)])
case("gelu", "Gelu", functional.gelu, [(2, 5, 6)], draw=lambda *s: 2 * normal(*s))
case("GEGLU", "GEGLU", lambda value, gate: value * functional.gelu(gate), [(2, 5, 6), (2, 5, 6)])
case("linear", "Linear", functional.linear, [(2, 5, 6), (4, 6), (4,)])
case("linear, vectors", "Linear", functional.linear, [(3, 6), (4, 6), (4,)])
case("linear, no bias", "Linear", functional.linear, [(2, 5, 6), (4, 6)])
case("add a product, sequences", "AddProduct", add_product, [(2, 5, 6), (2, 5, 3), (3, 6)])
case("add a product, pictures", "AddProduct", add_product, [(2, 6, 4, 5), (2, 3, 4, 5), (3, 6)])
case("scale rows", "ScaleRows", lambda x, s: x * s[:, :, None, None], [(2, 3, 4, 5), (2, 1)])
case("scale channels, pictures", "ScaleChannels", broadcast, [(2, 3, 4, 5), (2, 3)])
case("scale channels, sequences", "ScaleChannels", broadcast, [(2, 5, 3), (2, 3)])
case("scale channels, vectors", "ScaleChannels", broadcast, [(2, 3), (2, 3)])
case("shift channels", "ShiftChannels", lambda x, s: x + s[:, :, None, None], [(2, 3, 4, 5), (2, 3)])
case("average channels", "AverageChannels", lambda x: x.mean((2, 3), True), [(2, 3, 4, 5)])
case("concat channels", "ConcatChannels", lambda *x: torch.cat(x, 1), [(2, 3, 4, 5), (2, 1, 4, 5), (2, 2, 4, 5)])
case("split channels", "SplitChannels", lambda x: x.chunk(3, 1)[1], [(2, 6, 4, 5)], {"count": 3})
case("reorder channels", "ReorderChannels", lambda x: x[:, [2, 0, 1]], [(2, 3, 4, 5)], {"order": [2, 0, 1]})
case("image to tokens", "ImageToTokens", lambda x: x.flatten(2).transpose(1, 2), [(2, 3, 4, 5)])
case("tokens to image", "TokensToImage", pictured, [(2, 20, 3), (2, 3, 4, 5)], wanted=[0])
case("double size", "DoubleSize", lambda x: x.repeat_interleave(2, 2).repeat_interleave(2, 3), [(2, 3, 4, 5)])
case("resize to twice", "ResizeTo", lambda x, _: x.repeat_interleave(2, 2).repeat_interleave(2, 3), [(2, 3, 4, 5), (2, 1, 8, 10)], wanted=[0])
case("resize to the same", "ResizeTo", lambda x, _: x, [(2, 3, 4, 5), (2, 1, 4, 5)], wanted=[0])
case("layer norm", "LayerNorm", lambda x, w, b: functional.layer_norm(x, (6,), w, b, 1e-5), [(2, 5, 6), (6,), (6,)], {"epsilon": 1e-5})
case("layer norm, small numbers", "LayerNorm", lambda x, w, b: functional.layer_norm(x, (6,), w, b, 1e-5), [(2, 5, 6), (6,), (6,)], {"epsilon": 1e-5}, draw=lambda *s: 0.01 * normal(*s))
for groups in (1, 3, 6):
    case(f"group norm, {groups} groups", "GroupNorm", lambda x, w, b, g=groups: functional.group_norm(x, g, w, b, 1e-6), [(2, 6, 4, 5), (6,), (6,)], {"groups": groups, "epsilon": 1e-6})
case("group norm, small numbers", "GroupNorm", lambda x, w, b: functional.group_norm(x, 2, w, b, 1e-5), [(2, 6, 4, 5), (6,), (6,)], {"groups": 2, "epsilon": 1e-5}, draw=lambda *s: 0.01 * normal(*s))
case("attention, to itself", "Attention", lambda q, k, v: attended(q, k, v, heads=2), [(2, 5, 8)] * 3, {"heads": 2})
case("attention, to others", "Attention", lambda q, k, v: attended(q, k, v, heads=4), [(2, 6, 8), (2, 3, 8), (2, 3, 8)], {"heads": 4})
case("attention, with a bias", "Attention", lambda q, k, v, b: attended(q, k, v, b, 2), [(2, 5, 8)] * 3 + [(1, 1, 5, 5)], {"heads": 2}, wanted=[0, 1, 2])
none, around, corner = (0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 1, 1)
convolution("convolution, a number", 2, 5, 3, (6, 7), kernel=1, padding=none)
convolution("convolution, a number, large pictures", 2, 2, 3, (16, 12), kernel=1, padding=none)
convolution("convolution, small pictures", 2, 16, 12, (3, 4))
convolution("convolution, large pictures", 3, 2, 3, (16, 12))
convolution("convolution, many channels", 1, 66, 65, (3, 3))
convolution("convolution, half the size", 2, 3, 4, (8, 12), stride=2)
convolution("convolution, half the size, small pictures", 2, 16, 12, (4, 2), stride=2)
convolution("convolution, half of odd sizes", 2, 3, 4, (7, 9), stride=2)
convolution("convolution, half the size, one corner", 2, 3, 4, (8, 6), stride=2, padding=corner)
convolution("convolution, no padding", 2, 3, 4, (7, 6), padding=none)


def operators() -> None:
    arrays, index = {}, []
    for number, (name, operator, function, inputs, attributes, wanted) in enumerate(CASES):
        wanted = list(range(len(inputs))) if wanted is None else wanted
        exact = [x.double().requires_grad_(i in wanted) for i, x in enumerate(inputs)]
        result = function(*exact)
        seed = normal(*result.shape)
        result.backward(seed.double())
        for i, x in enumerate(inputs):
            arrays[f"{number}/input.{i}"] = x
        arrays[f"{number}/result"] = result.detach().float().contiguous()
        arrays[f"{number}/seed"] = seed
        for i in wanted:
            arrays[f"{number}/gradient.{i}"] = exact[i].grad.float().contiguous()
        index.append({"name": name, "operator": operator, "attributes": attributes, "inputs": len(inputs), "wanted": wanted})
    save_file(arrays, HERE / "operators.safetensors")
    (HERE / "operators.json").write_text(json.dumps(index, indent=1) + "\n")


class Step:
    """A ControlNet of a golden model beside its UNet, and one batch."""

    def __init__(self, model: str, size: int, tokens: int, given=None):
        self.model = model
        self.unet = UNet2DConditionModel.from_pretrained(MODELS / model / "unet").requires_grad_(False)
        self.control = ControlNetModel.from_pretrained(MODELS / model / "controlnet-a")
        config = self.unet.config
        self.given = {
            "sample": normal(2, config.in_channels, size, size),
            "timestep": torch.tensor([17.0, 801.0]),
            "encoder_hidden_states": normal(2, tokens, config.cross_attention_dim),
            "image": torch.from_numpy(RANDOM.random((2, 3, 8 * size, 8 * size)).astype(numpy.float32)),
            "target": normal(2, config.out_channels, size, size),
            "weights": torch.tensor([[1.0], [0.25]]),
        }
        if config.addition_embed_type == "text_time":
            pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
            ids = torch.tensor([[64.0, 64, 0, 0, 64, 64], [96, 80, 8, 0, 96, 96]])
            self.given |= {"text_embeds": normal(2, pooled), "time_ids": ids}

    def to(self, dtype: torch.dtype) -> "Step":
        self.unet, self.control = self.unet.to(dtype), self.control.to(dtype)
        self.exact = {name: value.to(dtype) for name, value in self.given.items()}
        return self

    def loss(self) -> torch.Tensor:
        """Of each row."""
        exact = self.exact
        common = (exact["sample"], exact["timestep"], exact["encoder_hidden_states"])
        pairs = {name: exact[name] for name in ("text_embeds", "time_ids") if name in exact}
        added = {"added_cond_kwargs": pairs} if pairs else {}
        down, middle = self.control(*common, controlnet_cond=exact["image"], return_dict=False, **added)
        residuals = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        made = self.unet(*common, **residuals, **added).sample
        return ((made - exact["target"]) ** 2).mean((1, 2, 3))

    def weighted(self) -> torch.Tensor:
        return (self.loss() * self.exact["weights"][:, 0]).mean()

    def trained(self, steps: int) -> dict[str, torch.Tensor]:
        """How far each weight is from where it began, after AdamW with clipping to 1 on the same batch again and again."""
        start = {name: weight.detach().clone() for name, weight in self.control.named_parameters()}
        optimizer = torch.optim.AdamW(self.control.parameters(), lr=1e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2)
        for _ in range(steps):
            optimizer.zero_grad()
            self.weighted().backward()
            torch.nn.utils.clip_grad_norm_(self.control.parameters(), 1.0)
            optimizer.step()
        moved = {name: (weight.detach() - start[name]).double() for name, weight in self.control.named_parameters()}
        self.control.load_state_dict(start)
        return moved


def network(step: Step) -> None:
    """The loss of each row and the gradient of each weight of one step."""
    step.to(torch.float64)
    rows = step.loss().detach()
    step.control.zero_grad()
    step.weighted().backward()
    arrays = {f"given/{name}": value for name, value in step.given.items()} | {"loss": rows.float()}
    arrays |= {f"gradient/{name}": weight.grad.float().contiguous() for name, weight in step.control.named_parameters()}
    save_file(arrays, HERE / f"{step.model}.safetensors")


def training(step: Step) -> None:
    """Where 4 and 30 steps lead in float64, and how far torch's float32 ends from there, over the distance moved."""
    arrays, off = {}, {}
    for steps in (4, 30):
        exact, single = step.to(torch.float64).trained(steps), step.to(torch.float32).trained(steps)
        length = lambda values: sum((value**2).sum() for value in values).sqrt().item()
        off[str(steps)] = length(single[name] - exact[name] for name in exact) / length(exact.values())
        arrays |= {f"{steps}/{name}": value.float().contiguous() for name, value in exact.items()}
    save_file(arrays, HERE / "trained.safetensors")
    (HERE / "trained.json").write_text(json.dumps({"float32_of_torch": off}, indent=1) + "\n")


def lora(step: Step, rank: int, scale: float) -> None:
    """Pairs of factors beside every linear layer and convolution of the UNet, and their gradients. An up is not 0, as it is at the start."""
    unet = step.to(torch.float64).unet
    factors, changed = {}, {}
    for name, weight in unet.named_parameters():
        layer = name.removesuffix(".weight")
        if layer == name or weight.dim() < 2:
            continue
        outputs, *down = weight.shape
        # A 1x1 convolution that stands for a linear layer of tokens has factors like one.
        down = down[:1] if ".proj_" in layer else down
        pair = [0.1 * normal(rank, *down), 0.1 * normal(rank, outputs)]
        exact = [factor.double().requires_grad_() for factor in pair]
        factors |= {f"{layer}.lora_down": exact[0], f"{layer}.lora_up": exact[1]}
        product = torch.einsum("ro,r...->o...", exact[1], exact[0])
        changed[name] = weight + scale * product.reshape(weight.shape)
    pairs = {name: step.exact[name] for name in ("text_embeds", "time_ids") if name in step.exact}
    common = (step.exact["sample"], step.exact["timestep"], step.exact["encoder_hidden_states"])
    added = {"added_cond_kwargs": pairs} if pairs else {}
    made = torch.func.functional_call(unet, changed, common, added).sample
    rows = ((made - step.exact["target"]) ** 2).mean((1, 2, 3))
    (rows * step.exact["weights"][:, 0]).mean().backward()
    arrays = {f"given/{name}": value for name, value in step.given.items() if name != "image"} | {"loss": rows.detach().float()}
    arrays |= {f"factor/{name}": factor.detach().float().contiguous() for name, factor in factors.items()}
    arrays |= {f"gradient/{name}": factor.grad.float().contiguous() for name, factor in factors.items()}
    save_file(arrays, HERE / f"lora-{step.model}.safetensors")


operators()
small, large = Step("sd15-tiny", 16, 7), Step("sdxl-tiny", 8, 7)
network(small)
network(large)
training(small)
lora(small, 3, 0.5)
lora(large, 2, 1.0)
