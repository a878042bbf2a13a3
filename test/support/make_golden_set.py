"""Makes another set of references in the layout of test/golden, for GOLDEN_DIR: other widths, heads, layers, sizes, seeds and names
of cases, computed by the same libraries. What it does not make anew it copies.

    pip install torch diffusers transformers opencv-python-headless safetensors scipy
    python test/support/make_golden_set.py /tmp/other
    GOLDEN_DIR=/tmp/other npm run test:fast
"""

import hashlib
import inspect
import json
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import cv2
import diffusers
import numpy as np
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from diffusers.utils.torch_utils import randn_tensor
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

OWN = Path(__file__).parent.parent / "golden"
OUT = Path(sys.argv[1])
torch.set_grad_enabled(False)
torch.set_num_threads(1)
random = torch.Generator().manual_seed(20261130)


def draw(*shape):
    return torch.randn(shape, generator=random)


# Pipelines ask for it under the name that transformers had before version 5.
if not hasattr(CLIPTextModel, "text_model"):
    CLIPTextModel.text_model = property(lambda self: self)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1))


def randomize(module):
    """Random weights everywhere, zero convolutions and norms among them."""
    for name, weight in module.named_parameters():
        fan = weight[0].numel() if weight.dim() > 1 else 25
        near = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        weight.data = near + draw(*weight.shape) / fan**0.5 * (1.0 if weight.dim() > 1 else 0.5)
    return module.eval()


# Models and their parts

UNET = dict(
    norm_num_groups=4,
    down_block_types=["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
)
SHALLOW = dict(
    norm_num_groups=2,
    layers_per_block=1,
    down_block_types=["CrossAttnDownBlock2D"] * 2 + ["DownBlock2D"],
    up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 2,
)
# Widths are equal where the repository's are, so that its files have a name for every weight.
MODELS = {
    "sd15-tiny": dict(
        unet=dict(UNET, block_out_channels=[8, 16, 24, 24], attention_head_dim=4, cross_attention_dim=32),
        text=dict(hidden_size=32, num_attention_heads=4, num_hidden_layers=2, hidden_act="quick_gelu"),
        vae=dict(block_out_channels=[4, 12, 12, 16], norm_num_groups=2),
        controls="ab",
        sizes=[(8, 16), (16, 8), (10, 14)],
    ),
    "sd21-tiny": dict(
        unet=dict(
            SHALLOW,
            block_out_channels=[4, 8, 12],
            attention_head_dim=[2, 4, 6],
            cross_attention_dim=24,
            use_linear_projection=True,
            upcast_attention=True,
        ),
        text=dict(hidden_size=24, num_attention_heads=6, num_hidden_layers=2, hidden_act="gelu"),
        vae=dict(block_out_channels=[4, 4, 8, 8], norm_num_groups=4),
        controls="c",
        sizes=[(8, 8), (4, 12)],
    ),
}


def make_models():
    for name, spec in MODELS.items():
        folder = OUT / "models" / name
        for part in [path for path in folder.iterdir() if path.name.startswith("controlnet") or path.name == "t2i_adapter"]:
            shutil.rmtree(part)
        unet = randomize(UNet2DConditionModel(sample_size=8, **spec["unet"]))
        unet.save_pretrained(folder / "unet")
        levels = len(spec["vae"]["block_out_channels"])
        vae = randomize(
            AutoencoderKL(
                down_block_types=["DownEncoderBlock2D"] * levels,
                up_block_types=["UpDecoderBlock2D"] * levels,
                layers_per_block=2,
                latent_channels=4,
                sample_size=64,
                **spec["vae"],
            )
        )
        vae.save_pretrained(folder / "vae")
        old = json.loads((OWN / "models" / name / "text_encoder" / "config.json").read_text())
        sizes = dict(spec["text"], intermediate_size=4 * spec["text"]["hidden_size"], projection_dim=spec["text"]["hidden_size"])
        config = CLIPTextConfig(**{**old, **sizes})
        text = randomize(CLIPTextModel(config))
        text.save_pretrained(folder / "text_encoder")
        # The configs that users have are those of older versions.
        write_json(folder / "text_encoder" / "config.json", {**old, **sizes})
        rename_text_weights(folder / "text_encoder" / "model.safetensors")
        controls = {}
        for letter in spec["controls"]:
            own = {key: value for key, value in spec["unet"].items() if key != "up_block_types"}
            network = ControlNetModel(conditioning_embedding_out_channels=[4, 4, 8, 8], **own)
            controls[letter] = randomize(network)
            controls[letter].save_pretrained(folder / f"controlnet-{letter}")
        references(name, spec, unet, vae, text, controls)


def rename_text_weights(path):
    """transformers 5 may leave out the prefix that all files of before have."""
    tensors = load_file(path)
    save_file({key if key.startswith("text_model.") else f"text_model.{key}": value for key, value in tensors.items()}, path)


def references(name, spec, unet, vae, text, controls):
    tensors = {}
    tokenizer = CLIPTokenizer.from_pretrained(OUT / "models" / name / "tokenizer")
    prompts = ["two green spheres, fog", "", "a lamp " * 60]
    ids = tokenizer(prompts, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    encoded = text(ids, output_hidden_states=True)
    tensors["te/input_ids"] = ids.to(torch.int32)
    tensors["te/last_hidden_state"] = encoded.last_hidden_state
    tensors["te/pooler_output"] = encoded.pooler_output
    for index, hidden in enumerate(encoded.hidden_states[:-1]):
        tensors[f"te/hidden.{index}"] = hidden
    guess = None
    for number, (height, width) in enumerate(spec["sizes"]):
        size = f"{height}x{width}"
        sample, context = draw(2, 4, height, width), draw(2, 77, unet.config.cross_attention_dim)
        timestep = torch.tensor([17 + number, 903 - number], dtype=torch.int32)
        tensors[f"unet/{size}/sample"], tensors[f"unet/{size}/encoder_hidden_states"] = sample, context
        tensors[f"unet/{size}/timestep"] = timestep
        run = lambda down=None, mid=None: unet(
            sample, timestep, context, down_block_additional_residuals=down, mid_block_additional_residual=mid
        ).sample
        tensors[f"unet/{size}/out"] = run()
        made = {}
        for letter, network in controls.items():
            picture = torch.randint(0, 256, (2, 3, height * 8, width * 8), generator=random, dtype=torch.uint8)
            tensors[f"cn/{size}/cond_{letter}_u8"] = picture
            control = lambda **given: network(sample, timestep, context, picture / 255, return_dict=False, **given)
            down, mid = made[letter] = control()
            for index, residual in enumerate(down):
                tensors[f"cn-{letter}/{size}/down.{index}"] = residual
            tensors[f"cn-{letter}/{size}/mid"] = mid
            tensors[f"unet/{size}/out_cn-{letter}_0.6"] = run([r * 0.6 for r in down], mid * 0.6)
            scale = torch.tensor([0.5, 1.2]).view(2, 1, 1, 1)
            tensors[f"unet/{size}/out_cn-{letter}_per_sample_0.5_1.2"] = run([r * scale for r in down], mid * scale)
            if number == 0:
                guessed, middle = control(conditioning_scale=0.9, guess_mode=True)
                guess = (torch.logspace(-1, 0, len(down) + 1) * 0.9).tolist()
                for index, residual in enumerate(guessed):
                    tensors[f"cn-{letter}/{size}/guess_0.9/down.{index}"] = residual
                tensors[f"cn-{letter}/{size}/guess_0.9/mid"] = middle
                tensors[f"unet/{size}/out_cn-{letter}_guess_0.9"] = run(guessed, middle)
        if len(made) == 2:
            (first, one), (second, two) = made.values()
            both = [a * 0.4 + b * 1.1 for a, b in zip(first, second)]
            tensors[f"unet/{size}/out_cn-a_0.4_cn-b_1.1"] = run(both, one * 0.4 + two * 1.1)
    height, width = 4, 8
    latent = draw(2, 4, height, width)
    image = torch.randint(0, 256, (2, 3, height * 8, width * 8), generator=random, dtype=torch.uint8)
    spread = vae.encode(image / 255 * 2 - 1).latent_dist
    place = f"vae/{height}x{width}"
    tensors |= {f"{place}/image_u8": image, f"{place}/latent": latent, f"{place}/decoded": vae.decode(latent).sample}
    tensors |= {f"{place}/mean": spread.mean, f"{place}/logvar": spread.logvar}
    folder = OUT / "models" / name
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "golden.safetensors")
    shapes = {key: list(value.shape) for key, value in tensors.items()}
    write_json(folder / "golden.json", {"guess_mode_scales": guess, "tensors": shapes})


# The same weights in single files

def digest(tensor):
    return hashlib.sha256(tensor.flatten().contiguous().numpy().tobytes()).hexdigest()


def names_by_content(sources, single):
    """How the files of the repository's own set name what its folders hold: nothing here knows the rules that are tested."""
    found = {}
    for key, value in load_file(OWN / "formats" / single).items():
        found.setdefault(digest(value), []).append(key)
    names = {}
    for part, path in sources.items():
        for key, value in load_file(OWN / "models" / "sd15-tiny" / path).items():
            names[part, key] = found.get(digest(value), [])
    return names


def single_file(sources, single):
    tensors = {}
    for (part, key), candidates in names_by_content(sources, single).items():
        path = OUT / "models" / "sd15-tiny" / sources[part]
        folder = load_file(path)
        if key not in folder or not candidates:
            continue
        assert len(candidates) == 1, (key, candidates)
        shape = folder[key].shape
        old = load_file(OWN / "formats" / single)[candidates[0]].dim()
        tensors[candidates[0]] = folder[key].reshape(*shape, *[1] * (old - len(shape))).contiguous()
    return tensors


def make_formats():
    weights = "diffusion_pytorch_model.safetensors"
    base = {"unet": f"unet/{weights}", "vae": f"vae/{weights}", "text": "text_encoder/model.safetensors"}
    control = {"controlnet": f"controlnet-a/{weights}"}
    folder = OUT / "formats"
    ldm = single_file(base, "sd15-tiny-ldm.safetensors")
    for key, value in load_file(OWN / "formats" / "sd15-tiny-ldm.safetensors").items():
        if key in ("alphas_cumprod", "betas", "model_ema.decay") or key.endswith("position_ids"):
            ldm[key] = value
    half = {key: value.half() if value.is_floating_point() else value for key, value in ldm.items()}
    save_file(ldm, folder / "sd15-tiny-ldm.safetensors")
    save_file(half, folder / "sd15-tiny-ldm-fp16.safetensors")
    lllyasviel = single_file(control, "controlnet-a-ldm.safetensors")
    bare = {key.removeprefix("control_model."): value.half() for key, value in lllyasviel.items()}
    save_file(lllyasviel, folder / "controlnet-a-ldm.safetensors")
    save_file({key: value.bfloat16() for key, value in lllyasviel.items()}, folder / "controlnet-a-ldm-bf16.safetensors")
    save_file(bare, folder / "controlnet-a-bare.safetensors")
    make_open_clip(folder / "sd21-tiny-openclip.safetensors")

    unet = UNet2DConditionModel.from_pretrained(OUT / "models/sd15-tiny/unet")
    network = ControlNetModel.from_pretrained(OUT / "models/sd15-tiny/controlnet-a")
    text = CLIPTextModel.from_pretrained(OUT / "models/sd15-tiny/text_encoder")
    sample, context, timestep = draw(2, 4, 8, 8), draw(2, 77, unet.config.cross_attention_dim), torch.tensor([400, 55])
    picture = torch.randint(0, 256, (2, 3, 64, 64), generator=random, dtype=torch.uint8)
    ids = torch.randint(3, 1000, (77,), generator=random, dtype=torch.int32)
    ids[-1] = 1023
    tensors = {"sample": sample, "encoder_hidden_states": context, "timestep": timestep.to(torch.int32), "cond_u8": picture}
    tensors |= {"input_ids": ids[None], "te/lora-kohya/0.0": text(ids[None]).last_hidden_state}
    rounded = lambda module: [weight.data.copy_(weight.half().float()) for weight in module.parameters()]
    rounded(network)
    down, mid = network(sample, timestep, context, picture / 255, return_dict=False)
    tensors["controlnet-bare/mid"] = mid
    tensors["controlnet-bare/unet_out"] = unet(
        sample, timestep, context, down_block_additional_residuals=down, mid_block_additional_residual=mid
    ).sample
    rounded(unet)
    tensors["unet/fp16"] = unet(sample, timestep, context).sample
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "golden.safetensors")


def make_open_clip(path):
    """OpenCLIP's names, the fused attention, and one more layer, which is not used."""
    old = load_file(OUT / "models/sd21-tiny/text_encoder/model.safetensors")
    old = {key.removeprefix("text_model."): value for key, value in old.items()}
    prefix = "cond_stage_model.model."
    tensors = {
        f"{prefix}token_embedding.weight": old["embeddings.token_embedding.weight"],
        f"{prefix}positional_embedding": old["embeddings.position_embedding.weight"],
    }
    for kind in ("weight", "bias"):
        tensors[f"{prefix}ln_final.{kind}"] = old[f"final_layer_norm.{kind}"]
    layers = MODELS["sd21-tiny"]["text"]["num_hidden_layers"]
    pairs = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    for index in range(layers + 1):
        source = f"encoder.layers.{min(index, layers - 1)}"
        target = f"{prefix}transformer.resblocks.{index}"
        for kind in ("weight", "bias"):
            for to, origin in pairs.items():
                tensors[f"{target}.{to}.{kind}"] = old[f"{source}.{origin}.{kind}"].clone()
            parts = [old[f"{source}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
            tensors[f"{target}.attn.in_proj_{kind}"] = torch.cat(parts)
    width = tensors[f"{prefix}ln_final.weight"].shape[0]
    tensors[f"{prefix}text_projection"] = draw(width, width)
    save_file(tensors, path)


# Pictures

DDIM = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False, steps_offset=1)
BETAS = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
SAMPLERS = {
    "DDIMScheduler": DDIM,
    "EulerDiscreteScheduler": dict(BETAS, timestep_spacing="leading", steps_offset=1),
    "EulerAncestralDiscreteScheduler": BETAS,
    "DPMSolverMultistepScheduler": dict(BETAS, use_karras_sigmas=True),
    "UniPCMultistepScheduler": BETAS,
    "LCMScheduler": BETAS,
}


def make_pipelines():
    folder = OUT / "pipelines"
    for path in folder.glob("*.safetensors"):
        path.unlink()
    pictures = {
        "left": torch.randint(0, 256, (64, 128, 3), generator=random, dtype=torch.uint8),
        "right": torch.randint(0, 256, (64, 128, 3), generator=random, dtype=torch.uint8),
        "square": torch.randint(0, 256, (64, 64, 3), generator=random, dtype=torch.uint8),
    }
    save_file(pictures, folder / "inputs.safetensors")
    text = dict(prompt="two green spheres in fog", negative_prompt="text", num_inference_steps=4, guidance_scale=6.0, generator=11, height=64, width=128)
    cases = [
        (f"drawn by {name}", "sd15-tiny", name, [], dict(text, num_inference_steps=3 + index))
        for index, name in enumerate(SAMPLERS)
    ]
    square = dict(text, width=64)
    cases += [
        ("two of each prompt", "sd15-tiny", "EulerAncestralDiscreteScheduler", [], dict(square, num_images_per_prompt=2, generator=[5, 6])),
        ("one layer less", "sd15-tiny", "DDIMScheduler", [], dict(square, clip_skip=1, eta=0.5)),
        ("the other model", "sd21-tiny", "DDIMScheduler", [], dict(square, guidance_rescale=0.5)),
        ("over one map", "sd15-tiny", "DDIMScheduler", ["controlnet-b"], dict(text, image="@left", controlnet_conditioning_scale=0.8, control_guidance_start=0.2, control_guidance_end=0.9)),
        ("over two maps", "sd15-tiny", "UniPCMultistepScheduler", ["controlnet-b", "controlnet-a"], dict(text, image=["@right", "@left"], controlnet_conditioning_scale=[0.5, 1.0])),
        ("the other model over a map", "sd21-tiny", "DDIMScheduler", ["controlnet-c"], dict(square, image="@square", controlnet_conditioning_scale=0.7)),
    ]
    entries = [make_case(index, case, pictures, folder) for index, case in enumerate(cases)]
    write_json(folder / "pipelines.json", {"cases": entries})


def make_case(index, case, pictures, folder):
    name, model, sampler, controls, args = case
    path = OUT / "models" / model
    config = dict(SAMPLERS[sampler], **({"prediction_type": "v_prediction"} if model == "sd21-tiny" else {}))
    parts = dict(
        vae=AutoencoderKL.from_pretrained(path / "vae"),
        text_encoder=CLIPTextModel.from_pretrained(path / "text_encoder"),
        tokenizer=CLIPTokenizer.from_pretrained(path / "tokenizer"),
        unet=UNet2DConditionModel.from_pretrained(path / "unet"),
        scheduler=getattr(diffusers, sampler)(**config),
        safety_checker=None,
        feature_extractor=None,
    )
    if controls:
        networks = [ControlNetModel.from_pretrained(path / control) for control in controls]
        parts["controlnet"] = networks if len(networks) > 1 else networks[0]
    kind = "StableDiffusionControlNetPipeline" if controls else "StableDiffusionPipeline"
    pipe = getattr(diffusers, kind)(**parts)
    pipe.set_progress_bar_config(disable=True)
    tensors = {}
    prepare = pipe.prepare_latents
    pipe.prepare_latents = lambda *given, **named: tensors.setdefault("initial_latents", prepare(*given, **named)).clone()

    def after(_, step, __, values):
        tensors[f"latents.{step}"] = values["latents"].clone()
        return values

    given = dict(args, callback_on_step_end=after, output_type="latent")
    seeds = args["generator"]
    generators = [torch.Generator().manual_seed(seed) for seed in (seeds if isinstance(seeds, list) else [seeds])]
    given["generator"] = generators if isinstance(seeds, list) else generators[0]
    if "image" in args:
        load = lambda tag: (pictures[tag[1:]].permute(2, 0, 1)[None] / 255).float()
        given["image"] = [load(tag) for tag in args["image"]] if isinstance(args["image"], list) else load(args["image"])
    with recorded_draws() as draws:
        tensors["final_latents"] = pipe(**given).images
    # Some references end with their latents.
    if index % 3 != 1:
        decoded = pipe.vae.decode(tensors["final_latents"] / pipe.vae.config.scaling_factor).sample
        image = (decoded / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
        tensors["image_u8"] = (image * 255).round().to(torch.uint8)
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / f"{name}.safetensors")
    timesteps = [float(t) for t in pipe.scheduler.timesteps]
    return dict(name=name, model=model, pipeline=kind, scheduler=[sampler, config], controlnets=controls, args=args, timesteps=timesteps, rng_draws=draws)


@contextmanager
def recorded_draws():
    """The shapes that pipelines and schedulers draw, in their order."""
    plain, shapes = randn_tensor, []

    def draw(shape, *given, **named):
        shapes.append(list(shape))
        return plain(shape, *given, **named)

    users = [module for name, module in list(sys.modules.items()) if name.startswith("diffusers") and vars(module).get("randn_tensor") is plain]
    for module in users:
        module.randn_tensor = draw
    try:
        yield shapes
    finally:
        for module in users:
            module.randn_tensor = plain


# Samplers

def make_schedulers():
    folder = OUT / "schedulers"
    shape = (2, 4, 3, 5)
    inputs = {"noise": draw(*shape), "noise_i2i": draw(*shape), "x0": draw(*shape), "step_noise": draw(64, *shape)}
    save_file(inputs, folder / "inputs.safetensors")
    index = json.loads((OWN / "schedulers" / "schedulers.json").read_text())
    cases = []
    for path in folder.glob("*.safetensors"):
        if path.name not in ("inputs.safetensors", "alphas.safetensors"):
            path.unlink()
    for case in index["cases"]:
        if case["class"] not in SAMPLERS:
            continue
        tensors, runs = {}, {}
        for steps in (3, 7, 12):
            scheduler = getattr(diffusers, case["class"])(**case["config"])
            scheduler.set_timesteps(steps)
            start = inputs["noise"] * scheduler.init_noise_sigma
            samples, calls = loop(scheduler, case, start, inputs["step_noise"], 0)
            tensors[f"n{steps}/timesteps"] = torch.as_tensor(scheduler.timesteps).clone()
            tensors[f"n{steps}/scale"] = scales_of(case, steps)
            if getattr(scheduler, "sigmas", None) is not None:
                tensors[f"n{steps}/sigmas"] = torch.as_tensor(scheduler.sigmas, dtype=torch.float32)
            tensors[f"n{steps}/traj"] = torch.stack(samples)
            runs[steps] = dict(
                model_calls=len(scheduler.timesteps),
                init_noise_sigma=float(scheduler.init_noise_sigma),
                traj_index=list(range(len(samples))),
                noise_calls=calls,
            )
        save_file({key: value.contiguous() for key, value in tensors.items()}, folder / f"other {case['case']}.safetensors")
        cases.append({**{key: case[key] for key in ("class", "config", "step_kwargs")}, "case": f"other {case['case']}", "runs": runs})
    write_json(folder / "schedulers.json", {"cases": cases})


def scales_of(case, steps):
    scheduler = getattr(diffusers, case["class"])(**case["config"])
    scheduler.set_timesteps(steps)
    scales = []
    for index, timestep in enumerate(scheduler.timesteps):
        if hasattr(scheduler, "_step_index"):
            scheduler._step_index = index
        scales.append(float(scheduler.scale_model_input(torch.ones(1), timestep)[0]))
    return torch.tensor(scales)


def loop(scheduler, case, sample, noises, first):
    module = sys.modules[type(scheduler).__module__]
    drawn = 0

    def next_noise(*_, **__):
        nonlocal drawn
        drawn += 1
        return noises[drawn - 1].clone()

    before = getattr(module, "randn_tensor", None)
    if before is not None:
        module.randn_tensor = next_noise
    samples, calls = [], []
    accepted = inspect.signature(scheduler.step).parameters
    try:
        for timestep in scheduler.timesteps[first:]:
            count = drawn
            scaled = scheduler.scale_model_input(sample, timestep).double()
            output = (0.1 * torch.sin(3 * scaled) + scaled * (0.2 + 0.6 * float(timestep) / 1000)).float()
            given = {key: value for key, value in case["step_kwargs"].items() if key in accepted}
            sample = scheduler.step(output, timestep, sample, **given).prev_sample
            samples.append(sample)
            calls.append(drawn - count)
    finally:
        if before is not None:
            module.randn_tensor = before
    return samples, calls


# Random numbers, tokens, edges

def make_rng():
    seeds, shapes, successive = [7, 2**32 - 1, 99_000_000_000], [[2, 3, 5], [1, 4, 40, 24], [15], [16], [18]], [[2, 9], [5], [16], [1], [3, 3], [33]]
    tensors = {}
    for seed in seeds:
        generator = lambda: torch.Generator().manual_seed(seed)
        for shape in shapes:
            place = f"{seed}/{'x'.join(map(str, shape))}"
            tensors[f"randn/{place}"] = torch.randn(shape, generator=generator())
            tensors[f"randn_f64/{place}"] = torch.randn(shape, generator=generator(), dtype=torch.float64)
        tensors[f"rand/{seed}"] = torch.rand(50, generator=generator())
        tensors[f"rand_f64/{seed}"] = torch.rand(50, generator=generator(), dtype=torch.float64)
        words = np.random.RandomState(seed % 2**32)._bit_generator.random_raw(48)
        tensors[f"raw/{seed}"] = torch.from_numpy(words.astype(np.int64))
        one = generator()
        for k, shape in enumerate(successive):
            tensors[f"successive/{seed}/{k}"] = torch.randn(shape, generator=one)
    lists = [{"seeds": [7, 8, 9], "shape": [3, 4, 5, 6]}, {"seeds": [1], "shape": [2, 20]}]
    for k, entry in enumerate(lists):
        generators = [torch.Generator().manual_seed(seed) for seed in entry["seeds"]]
        tensors[f"list/{k}"] = diffusers.utils.torch_utils.randn_tensor(tuple(entry["shape"]), generator=generators)
    folder = OUT / "rng"
    save_file(tensors, folder / "torch_cpu.safetensors")
    facts = json.loads((OWN / "rng" / "rng.json").read_text())
    write_json(folder / "rng.json", {**facts, "successive_shapes": successive, "randn_tensor_lists": lists})


def make_tokens():
    texts = ["A Lamp, beside: two (2) GREEN spheres!", "", "naïve café — “quotes”", "ﬁne ½ ①  tabs\tand\nlines", "don't we'll they've", "!!! hello!", "日本語 の テスト", "word " * 90]
    folder = OUT / "tokenizer"
    columns, prompts = {}, [{"text": text} for text in texts]
    for column, settings in (("sd15", {}), ("sdxl2", {"pad_token": "!"})):
        tokenizer = CLIPTokenizer.from_pretrained(OWN / "tokenizer", **settings)
        rows = []
        for entry in prompts:
            ids = tokenizer(entry["text"], add_special_tokens=False).input_ids
            if column == "sd15":
                entry["ids"] = ids
            elif ids != entry["ids"]:
                entry["ids_sdxl2"] = ids
            rows.append(tokenizer(entry["text"], padding="max_length", max_length=77, truncation=True).input_ids)
        columns[column] = torch.tensor(rows, dtype=torch.int32)
    save_file(columns, folder / "ids.safetensors")
    write_json(folder / "prompts.json", {"prompts": prompts})


def make_edges():
    folder = OUT / "extractors"
    for path in [*folder.glob("canny/*.png"), *folder.glob("img_*.png"), *folder.glob("gray_*.png")]:
        path.unlink()
    noise = np.random.RandomState(3)
    for name, (height, width) in {"waves": (70, 111), "grain": (48, 64)}.items():
        y, x = np.mgrid[0:height, 0:width]
        image = np.stack([127 + 120 * np.sin(x / (3 + c) + y / 7) for c in range(3)], -1)
        image = np.clip(image + noise.randint(-20, 20, image.shape), 0, 255).astype(np.uint8)
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        cv2.imwrite(str(folder / f"img_{name}.png"), image[..., ::-1])
        cv2.imwrite(str(folder / f"gray_{name}.png"), gray)
        for kind, source in (("rgb", image), ("gray", gray)):
            for low, high in ((30, 90), (120, 260)):
                for norm in ("L1", "L2"):
                    edges = cv2.Canny(source, low, high, apertureSize=3, L2gradient=norm == "L2")
                    cv2.imwrite(str(folder / "canny" / f"{name}_{kind}_{low}_{high}_{norm}.png"), edges)


# Prompts


def make_prompts():
    """What the prompts of the repository's own set mean to the new text encoder: their chunks stay, since the tokenizer does."""
    folder = OUT / "models" / "sd15-tiny" / "text_encoder"
    text = CLIPTextModel.from_pretrained(folder).eval()
    final_norm = text.text_model.final_layer_norm
    facts = json.loads((OWN / "prompt" / "chunks.json").read_text())

    def encode(ids):
        encoded = text(torch.tensor(ids), output_hidden_states=True)
        return encoded.last_hidden_state, final_norm(encoded.hidden_states[-2])

    def emphasised(z, weights):
        # The means nearly cancel where what a text means has both signs alike: a thousandth of its size in one case here, of which a sum in
        # float32 leaves four digits, and the reference would be further from the truth (1.2e-5) than what is compared with it may be.
        z = z.double()
        ratios = z.mean((1, 2)) / (z * weights).mean((1, 2))
        return (z * weights * ratios[:, None, None]).flatten(0, 1)[None].float(), ratios.tolist()

    empty = CLIPTokenizer.from_pretrained(OUT / "models" / "sd15-tiny" / "tokenizer")("", padding="max_length", max_length=77)
    nothing = encode([empty.input_ids])[0]
    tensors = {}
    for case in facts["cases"]:
        number = case["case"]
        weights = torch.tensor([chunk["weights"] for chunk in case["chunks"]])[:, :, None]
        last, earlier = encode([chunk["ids"] for chunk in case["chunks"]])
        a1111, case["mean_ratio"] = emphasised(last, weights)
        skipped, case["mean_ratio_clip_skip2"] = emphasised(earlier, weights)
        tensors[f"{number}/z"] = last
        if bool((weights == 1).all()):
            continue
        tensors[f"{number}/a1111"] = a1111
        tensors[f"{number}/no_norm"] = (last * weights).flatten(0, 1)[None]
        tensors[f"{number}/comfy"] = ((last - nothing) * weights + nothing).flatten(0, 1)[None]
        tensors[f"{number}/a1111_clip_skip2"] = skipped
    write_json(OUT / "prompt" / "chunks.json", facts)
    save_file({key: value.contiguous() for key, value in tensors.items()}, OUT / "prompt" / "embeds.safetensors")


if __name__ == "__main__":
    shutil.copytree(OWN, OUT)
    # Most of them fit the repository's own models, and are not made anew: their tests are skipped.
    for path in (OUT / "adapters").iterdir():
        if path.is_dir() and path.name not in ("latent", "sigmas"):
            shutil.rmtree(path)
    (OUT / "adapters" / "latent" / "vae.safetensors").unlink()
    make_models()
    make_formats()
    make_pipelines()
    make_schedulers()
    make_rng()
    make_prompts()
    make_tokens()
    make_edges()
    print(f"Made {OUT}")
