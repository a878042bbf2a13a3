"""Pictures that diffusers draws with the small models of this folder's tests, and the names and shapes of their tensors.

The weights are a function of a tensor's original name and of a place in it, the same here and in small-models.ts: nothing but
names, shapes and pictures is kept. Run it here with torch, diffusers and transformers: python make_references.py
"""
import json, re
import numpy as np, torch
from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, StableDiffusionControlNetPipeline, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

WIDTH, SIDE, STEPS, GUIDANCE, SEED, PROMPT = 64, 64, 4, 5.0, 7, 'a red cube on a green floor'
LAYERS, LEVELS, VAE_LEVELS = 2, 2, 4


def values(name, shape):
    """Uniform numbers of deviation 1 from a hash of the name (FNV-1a) and the place (the finaliser of MurmurHash3), then scaled."""
    seed = np.uint32(2166136261)
    with np.errstate(over='ignore'):
        for byte in name.encode():
            seed = np.uint32((seed ^ np.uint32(byte)) * np.uint32(16777619))
        h = np.arange(int(np.prod(shape)), dtype=np.uint32) * np.uint32(0x9E3779B1) + seed
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
        h ^= h >> np.uint32(16)
    uniform = (h.astype(np.float64) / 2**32 - .5) * np.sqrt(12)
    if re.search(r'norm\w*\.weight$|layer_norm\d\.weight$|(in|out)_layers\.0\.weight$|\bout\.0\.weight$', name): scaled = 1 + .1 * uniform
    elif len(shape) > 1: scaled = uniform / np.sqrt(np.prod(shape[1:]))
    else: scaled = .05 * uniform
    return torch.from_numpy(scaled.astype(np.float32)).reshape(shape)


RESNET = {'norm1': 'in_layers.0', 'conv1': 'in_layers.2', 'time_emb_proj': 'emb_layers.1', 'norm2': 'out_layers.0', 'conv2': 'out_layers.3', 'conv_shortcut': 'skip_connection'}


def original_unet(k):
    def part(rest):
        n, p = rest.rsplit('.', 1)
        return f'{RESNET[n]}.{p}'
    for pattern, name in (
        (r'time_embedding\.linear_1\.(.+)', lambda m: f'time_embed.0.{m[1]}'),
        (r'time_embedding\.linear_2\.(.+)', lambda m: f'time_embed.2.{m[1]}'),
        (r'time_embedding\.cond_proj\.(.+)', lambda m: f'time_embed.cond_proj.{m[1]}'),
        (r'conv_norm_out\.(.+)', lambda m: f'out.0.{m[1]}'),
        (r'conv_out\.(.+)', lambda m: f'out.2.{m[1]}'),
        (r'conv_in\.(.+)', lambda m: f'input_blocks.0.0.{m[1]}'),
        (r'controlnet_down_blocks\.(\d+)\.(.+)', lambda m: f'zero_convs.{m[1]}.0.{m[2]}'),
        (r'controlnet_mid_block\.(.+)', lambda m: f'middle_block_out.0.{m[1]}'),
        (r'controlnet_cond_embedding\.conv_in\.(.+)', lambda m: f'input_hint_block.0.{m[1]}'),
        (r'controlnet_cond_embedding\.conv_out\.(.+)', lambda m: f'input_hint_block.14.{m[1]}'),
        (r'controlnet_cond_embedding\.blocks\.(\d)\.(.+)', lambda m: f'input_hint_block.{2 + 2 * int(m[1])}.{m[2]}'),
        (r'down_blocks\.(\d)\.downsamplers\.0\.conv\.(.+)', lambda m: f'input_blocks.{(int(m[1]) + 1) * (LAYERS + 1)}.0.op.{m[2]}'),
        (r'down_blocks\.(\d)\.resnets\.(\d)\.(.+)', lambda m: f'input_blocks.{1 + int(m[1]) * (LAYERS + 1) + int(m[2])}.0.{part(m[3])}'),
        (r'down_blocks\.(\d)\.attentions\.(\d)\.(.+)', lambda m: f'input_blocks.{1 + int(m[1]) * (LAYERS + 1) + int(m[2])}.1.{m[3]}'),
        (r'mid_block\.resnets\.(\d)\.(.+)', lambda m: f'middle_block.{2 * int(m[1])}.{part(m[2])}'),
        (r'mid_block\.attentions\.0\.(.+)', lambda m: f'middle_block.1.{m[1]}'),
        # The deepest level has no attention here: its upsampler is the block's second part.
        (r'up_blocks\.(\d)\.upsamplers\.0\.(.+)', lambda m: f'output_blocks.{int(m[1]) * (LAYERS + 1) + LAYERS}.1.{m[2]}'),
        (r'up_blocks\.(\d)\.resnets\.(\d)\.(.+)', lambda m: f'output_blocks.{int(m[1]) * (LAYERS + 1) + int(m[2])}.0.{part(m[3])}'),
        (r'up_blocks\.(\d)\.attentions\.(\d)\.(.+)', lambda m: f'output_blocks.{int(m[1]) * (LAYERS + 1) + int(m[2])}.1.{m[3]}'),
    ):
        if m := re.fullmatch(pattern, k): return name(m)
    raise KeyError(k)


def original_vae(k):
    up = lambda m: VAE_LEVELS - 1 - int(m[1])
    k = re.sub(r'decoder\.up_blocks\.(\d)\.resnets\.', lambda m: f'decoder.up.{up(m)}.block.', k)
    k = re.sub(r'decoder\.up_blocks\.(\d)\.upsamplers\.0\.', lambda m: f'decoder.up.{up(m)}.upsample.', k)
    k = re.sub(r'encoder\.down_blocks\.(\d)\.resnets\.', r'encoder.down.\1.block.', k)
    k = re.sub(r'encoder\.down_blocks\.(\d)\.downsamplers\.0\.', r'encoder.down.\1.downsample.', k)
    k = re.sub(r'mid_block\.resnets\.(\d)\.', lambda m: f'mid.block_{int(m[1]) + 1}.', k)
    k = k.replace('conv_shortcut', 'nin_shortcut').replace('conv_norm_out', 'norm_out')
    for a, b in (('group_norm', 'norm'), ('to_q', 'q'), ('to_k', 'k'), ('to_v', 'v'), ('to_out.0', 'proj_out')):
        k = k.replace(f'mid_block.attentions.0.{a}', f'mid.attn_1.{b}')
    return k


def original_text(k): return k if k.startswith('text_model.') else f'text_model.{k}'


def fill(model, prefix, rename):
    """Gives a network its weights; returns the shapes of its tensors by their original names."""
    state = {k: v for k, v in model.state_dict().items() if 'position_ids' not in k}
    names = {k: prefix + rename(k) for k in state}
    model.load_state_dict({k: values(names[k], tuple(v.shape)) for k, v in state.items()}, strict=False)
    model.eval()
    return {names[k]: list(v.shape) for k, v in state.items()}


def main():
    torch.set_num_threads(2)
    shapes = {}
    text = CLIPTextModel(CLIPTextConfig(vocab_size=49408, hidden_size=WIDTH, intermediate_size=4 * WIDTH, num_hidden_layers=2, num_attention_heads=1, hidden_act='quick_gelu', max_position_embeddings=77, bos_token_id=49406, eos_token_id=49407))
    architecture = dict(in_channels=4, block_out_channels=[32, 64], layers_per_block=LAYERS, cross_attention_dim=WIDTH, attention_head_dim=8, down_block_types=['CrossAttnDownBlock2D', 'DownBlock2D'], norm_num_groups=32)
    up = dict(out_channels=4, up_block_types=['UpBlock2D', 'CrossAttnUpBlock2D'])
    unet = UNet2DConditionModel(**architecture, **up)
    vae = AutoencoderKL(in_channels=3, out_channels=3, down_block_types=['DownEncoderBlock2D'] * VAE_LEVELS, up_block_types=['UpDecoderBlock2D'] * VAE_LEVELS, block_out_channels=[32] * VAE_LEVELS, layers_per_block=1, latent_channels=4, norm_num_groups=32)
    shapes['base'] = fill(unet, 'model.diffusion_model.', original_unet) | fill(vae, 'first_stage_model.', original_vae) | fill(text, 'cond_stage_model.transformer.', original_text)
    distilled = UNet2DConditionModel(**architecture, **up, time_cond_proj_dim=256)
    shapes['distilled'] = fill(distilled, 'model.diffusion_model.', original_unet)
    shapes['distilled'] = {k: v for k, v in shapes['distilled'].items() if k not in shapes['base']}
    hints = dict(conditioning_embedding_out_channels=(16, 32, 96, 256))
    controlnet = ControlNetModel(**architecture, **hints)
    shapes['controlnet'] = fill(controlnet, 'control_model.', original_unet)
    # A ControlNet as a difference: its own weights are those of the file and those of the base of the same name.
    difference = ControlNetModel(**architecture, **hints)
    base = unet.state_dict()
    difference.load_state_dict({k: v + base[k] if k in base else v for k, v in controlnet.state_dict().items()})
    difference.eval()
    pooled = ControlNetModel(**architecture, **hints, global_pool_conditions=True)
    pooled.load_state_dict(controlnet.state_dict())
    pooled.eval()
    json.dump(shapes, open('shapes.json', 'w'))
    tokenizer = CLIPTokenizer.from_pretrained('../../../models/clip-tokenizer')
    tokenizer.model_max_length = 77
    schedule = dict(num_train_timesteps=1000, beta_start=.00085, beta_end=.012, beta_schedule='scaled_linear', set_alpha_to_one=False, steps_offset=1, clip_sample=False)
    ramp = np.indices((SIDE, SIDE))
    hint = Image.fromarray(np.stack([ramp[0] * 4, ramp[1] * 4, (ramp[0] // 8 + ramp[1] // 8) % 2 * 255], -1).astype(np.uint8))
    hint.save('hint.png')

    def draw(name, controlnet=None, unet=unet, **scheduler):
        parts = dict(vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unet, scheduler=DDIMScheduler(**schedule, **scheduler), safety_checker=None, feature_extractor=None, requires_safety_checker=False)
        pipe = StableDiffusionPipeline(**parts) if controlnet is None else StableDiffusionControlNetPipeline(**parts, controlnet=controlnet)
        pipe.set_progress_bar_config(disable=True)
        given = {} if controlnet is None else dict(image=hint)
        out = pipe(PROMPT, num_inference_steps=STEPS, width=SIDE, height=SIDE, guidance_scale=GUIDANCE, generator=torch.Generator().manual_seed(SEED), **given).images[0]
        out.save(f'{name}.png')
        print(name, np.asarray(out).std().round(1))

    draw('epsilon', prediction_type='epsilon')
    draw('v', prediction_type='v_prediction')
    draw('v-zero-snr', prediction_type='v_prediction', rescale_betas_zero_snr=True)
    draw('sample', prediction_type='sample')
    draw('controlnet', controlnet, prediction_type='epsilon')
    draw('controlnet-pooled', pooled, prediction_type='epsilon')
    draw('controlnet-difference', difference, prediction_type='epsilon')
    draw('distilled', unet=distilled, prediction_type='epsilon')


main()
