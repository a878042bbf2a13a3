"""Tiny RRDBNets with random weights, in the three ways in which such files are named, and what torch computes of them.

Run: pip install torch safetensors numpy; python make_fixtures.py. Written for torch 2.15 on a CPU. The networks are those of BasicSR
(rrdbnet_arch.py) and of the first ESRGAN (architecture.py, block.py), whose names follow from how its modules lie in one another.
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

CHANNELS, GROWTH, BLOCKS = 6, 3, 2
HERE = pathlib.Path(__file__).parent


def lrelu(x: torch.Tensor) -> torch.Tensor:
    return functional.leaky_relu(x, 0.2)


def conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, 1, 1)


class Dense(nn.Module):
    """ResidualDenseBlock of BasicSR; `named` makes the convolutions of the first ESRGAN, each in a list of its own."""

    def __init__(self, named: bool = False):
        super().__init__()
        for layer in range(5):
            one = conv(CHANNELS + layer * GROWTH, CHANNELS if layer == 4 else GROWTH)
            setattr(self, f"conv{layer + 1}", nn.Sequential(one) if named else one)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = [x]
        for layer in range(1, 5):
            made.append(lrelu(getattr(self, f"conv{layer}")(torch.cat(made, 1))))
        return self.conv5(torch.cat(made, 1)) * 0.2 + x


class Block(nn.Module):
    def __init__(self, name: str, named: bool = False):
        super().__init__()
        self.names = [f"{name}{index}" for index in (1, 2, 3)]
        for one in self.names:
            setattr(self, one, Dense(named))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = x
        for one in self.names:
            out = getattr(self, one)(out)
        return out * 0.2 + x


class Basic(nn.Module):
    """RRDBNet of BasicSR and Real-ESRGAN."""

    def __init__(self, cell: int):
        super().__init__()
        self.cell = cell
        self.conv_first = conv(3 * cell * cell, CHANNELS)
        self.body = nn.Sequential(*[Block("rdb") for _ in range(BLOCKS)])
        self.conv_body, self.conv_up1, self.conv_up2, self.conv_hr = (conv(CHANNELS, CHANNELS) for _ in range(4))
        self.conv_last = conv(CHANNELS, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.conv_first(functional.pixel_unshuffle(x, self.cell))
        hidden = first + self.conv_body(self.body(first))
        hidden = lrelu(self.conv_up1(functional.interpolate(hidden, scale_factor=2, mode="nearest")))
        hidden = lrelu(self.conv_up2(functional.interpolate(hidden, scale_factor=2, mode="nearest")))
        return self.conv_last(lrelu(self.conv_hr(hidden)))


class Kair(nn.Module):
    """RRDBNet of KAIR and BSRGAN."""

    def __init__(self):
        super().__init__()
        self.conv_first = conv(3, CHANNELS)
        self.RRDB_trunk = nn.Sequential(*[Block("RDB") for _ in range(BLOCKS)])
        self.trunk_conv, self.upconv1, self.upconv2, self.HRconv = (conv(CHANNELS, CHANNELS) for _ in range(4))
        self.conv_last = conv(CHANNELS, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.conv_first(x)
        hidden = hidden + self.trunk_conv(self.RRDB_trunk(hidden))
        hidden = lrelu(self.upconv1(functional.interpolate(hidden, scale_factor=2, mode="nearest")))
        hidden = lrelu(self.upconv2(functional.interpolate(hidden, scale_factor=2, mode="nearest")))
        return self.conv_last(lrelu(self.HRconv(hidden)))


class Shortcut(nn.Module):
    def __init__(self, sub: nn.Module):
        super().__init__()
        self.sub = sub

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.sub(x)


class First(nn.Module):
    """RRDB_Net of the first ESRGAN, enlarging 2 to the power of `doublings` times."""

    def __init__(self, doublings: int):
        super().__init__()
        trunk = nn.Sequential(*[Block("RDB", named=True) for _ in range(BLOCKS)], conv(CHANNELS, CHANNELS))
        layers = [conv(3, CHANNELS), Shortcut(trunk)]
        for _ in range(doublings):
            layers += [nn.Upsample(scale_factor=2, mode="nearest"), conv(CHANNELS, CHANNELS), nn.LeakyReLU(0.2)]
        layers += [conv(CHANNELS, CHANNELS), nn.LeakyReLU(0.2), conv(CHANNELS, 3)]
        self.model = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)


torch.manual_seed(20)
networks = {
    "basic-x4": (Basic(1), (9, 13)),
    "basic-x2": (Basic(2), (10, 14)),
    "basic-x1": (Basic(4), (12, 16)),
    "kair-x4": (Kair(), (9, 13)),
    "first-x4": (First(2), (9, 13)),
    "first-x2": (First(1), (9, 13)),
    "first-x1": (First(0), (9, 13)),
}
references = {}
for name, (network, size) in networks.items():
    state = {key: value.contiguous() for key, value in network.state_dict().items()}
    if name == "kair-x4":
        state = {key: value.half() for key, value in state.items()}
        network.load_state_dict({key: value.float() for key, value in state.items()})
    save_file(state, HERE / f"{name}.safetensors")
    picture = torch.randint(0, 256, (1, 3, *size)).float() / 255
    with torch.no_grad():
        references[f"{name}/in"], references[f"{name}/out"] = picture, network(picture)
save_file(references, HERE / "references.safetensors")
