import type { SafetensorsFile } from '../safetensors/safetensors.ts';

interface Kind {
  /** With an article, to stand behind "is". */
  readonly is: string;
  /** What is there in every file of the kind. */
  readonly all: readonly RegExp[];
  /** What is there in none. */
  readonly none?: readonly RegExp[];
  /** What else has to be so, where names are those of another kind. */
  readonly where?: (tensors: Tensors) => boolean;
}

type Tensors = SafetensorsFile['tensors'];

/** Numbers of a face, as the networks that tell faces apart give it; pictures are wider. */
const faceWidth = 512;

function takesFaces(tensors: Tensors): boolean {
  return tensors.get('image_proj.proj_in.weight')?.shape[1] === faceWidth;
}

const unet = /^model\.diffusion_model\.input_blocks\.0\.0\.weight$/;
const autoencoder = /^first_stage_model\.decoder\.conv_in\.weight$/;
const flux =
  /^(?:lora_|lycoris_|base_model\.model\.)?(?:(?:model\.)?diffusion_model\.|transformer[._]|unet_)?(?:double|single)_(?:transformer_)?blocks[._]\d/;
const sd3 =
  /^(?:lora_|lycoris_|base_model\.model\.)?(?:(?:model\.)?diffusion_model\.|transformer[._]|unet_)?joint_(?:transformer_)?blocks[._]\d/;
const lora =
  /^lora_|\.lora_(?:[AB]|up|down|linear_layer|magnitude_vector)\b|\.lora\.(?:up|down)\.weight$|_lora\.(?:up|down)\.weight$|\.(?:hada_w\d_[ab]|lokr_w\d(?:_[ab])?)$|\.oft_(?:blocks|diag)$|\.dora_scale$|\.(?:diff|diff_b|w_norm|b_norm|on_input)$/;

/** A LoRA, or a relative of one, for the networks that are built. */
export const aLora = 'a LoRA';

/** What makes tokens of a picture that a UNet attends to beside the text: the basic one, or Plus. */
export const anIpAdapter = 'an IP-Adapter';

/** What adds features of a map in the levels of a UNet. */
export const aT2iAdapter = 'a T2I-Adapter';

const built = 'IP-Adapters that are built are the basic ones and Plus';
const faceId = `an IP-Adapter for faces (FaceID), which takes numbers of a face: ${built}`;

/** Kinds of files that people bring, by the names of their tensors; the first that fits counts. */
const kinds: readonly Kind[] = [
  { is: 'a ControlNet LLLite', all: [/^lllite_/] },
  { is: 'a SparseCtrl', all: [/motion_modules\./, /(?:controlnet_cond_embedding|input_hint_block)\./] },
  { is: 'a motion module (AnimateDiff)', all: [/motion_modules\./] },
  {
    is: 'a union ControlNet with the names of the original code',
    all: [/^control_model\.(?:task_embedding$|control_add_embedding\.)/],
  },
  {
    is: `an IP-Adapter for faces (FaceID Plus), which takes numbers of a face: ${built}`,
    all: [/^image_proj\.perceiver_resampler\./],
  },
  { is: faceId, all: [/^ip_adapter\.\d+\.to_q_lora\./] },
  { is: faceId, all: [/^image_proj\.proj\.0\./, /^image_proj\.norm\./] },
  { is: `a full IP-Adapter, which takes all tokens of a picture: ${built}`, all: [/^image_proj\.proj\.[0-3]\./] },
  {
    is: `an IP-Adapter for faces (InstantID), which takes numbers of a face: ${built}`,
    all: [/^image_proj\.latents$/],
    where: takesFaces,
  },
  { is: anIpAdapter, all: [/^(?:ip_adapter|image_proj)\./] },
  { is: aT2iAdapter, all: [/^(?:adapter\.)?(?:body\.\d+\.(?:block1|resnets|in_conv|body)\b|body\.\d+\.out_conv)/] },
  { is: 'a LoRA for FLUX', all: [lora, flux] },
  { is: 'a LoRA for Stable Diffusion 3', all: [lora, sd3] },
  { is: 'a LoRA for a transformer (Stable Diffusion 3 or another)', all: [lora, /^(?:lora_)?transformer[._]/] },
  { is: aLora, all: [lora] },
  { is: 'a FLUX model', all: [flux] },
  { is: 'a Stable Diffusion 3 model', all: [sd3] },
  { is: 'an unCLIP model', all: [/^model\.diffusion_model\.label_emb\./, /^cond_stage_model\./] },
  { is: 'a base model without an autoencoder', all: [unet], none: [autoencoder] },
  {
    is: 'a text encoder alone',
    all: [/^(?:cond_stage_model\.(?:transformer|model)\.)?(?:text_model|token_embedding)\./],
    none: [unet],
  },
  {
    is: 'a compact upscaler (SRVGG), of which only those that are RRDBNets (ESRGAN) are built',
    all: [/^body\.0\.weight$/, /^body\.1\.weight$/],
  },
];

/** What a file is that is neither a base model nor a ControlNet which can be used, such as `a LoRA`; null where nobody knows. */
export function otherKind(file: Pick<SafetensorsFile, 'tensors'>): string | null {
  const names = [...file.tensors.keys()];
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  return (
    kinds.find(({ all, none = [], where }) => {
      return all.every(has) && !none.some(has) && where?.(file.tensors) !== false;
    })?.is ?? null
  );
}
