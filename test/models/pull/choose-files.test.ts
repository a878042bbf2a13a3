import { describe, expect, it } from 'vitest';
import { chooseFiles } from '../../../src/models/pull/choose-files.ts';

const choose = (text: string, variant: 'fp16' | 'full'): readonly string[] =>
  chooseFiles(
    text
      .trim()
      .split(/\s+/)
      .map((path) => ({ path, bytes: 1 })),
    'some/model',
    variant,
  ).toSorted();

const words = (text: string): readonly string[] => text.trim().split(/\s+/).toSorted();

/** As repositories of Stable Diffusion 1.5 lie on the hub. */
const pipeline = `
  .gitattributes README.md model_index.json v1-5-pruned.ckpt v1-5-pruned.safetensors v1-5-pruned-emaonly.safetensors
  v1-inference.yaml feature_extractor/preprocessor_config.json safety_checker/config.json
  safety_checker/model.fp16.safetensors safety_checker/model.safetensors safety_checker/pytorch_model.bin
  scheduler/scheduler_config.json text_encoder/config.json text_encoder/model.fp16.safetensors
  text_encoder/model.safetensors text_encoder/pytorch_model.bin tokenizer/merges.txt tokenizer/special_tokens_map.json
  tokenizer/tokenizer_config.json tokenizer/vocab.json unet/config.json unet/diffusion_pytorch_model.bin
  unet/diffusion_pytorch_model.fp16.bin unet/diffusion_pytorch_model.fp16.safetensors
  unet/diffusion_pytorch_model.non_ema.safetensors unet/diffusion_pytorch_model.safetensors vae/config.json
  vae/diffusion_pytorch_model.bin vae/diffusion_pytorch_model.fp16.safetensors vae/diffusion_pytorch_model.safetensors`;

const settings = `
  model_index.json scheduler/scheduler_config.json text_encoder/config.json tokenizer/merges.txt
  tokenizer/special_tokens_map.json tokenizer/tokenizer_config.json tokenizer/vocab.json unet/config.json vae/config.json`;

describe('of a repository', () => {
  it('with a pipeline come its networks in half precision, their settings, and nothing else', () => {
    expect(choose(pipeline, 'fp16')).toEqual(
      words(`${settings} text_encoder/model.fp16.safetensors unet/diffusion_pytorch_model.fp16.safetensors
        vae/diffusion_pytorch_model.fp16.safetensors`),
    );
  });

  it('the same in full precision', () => {
    expect(choose(pipeline, 'full')).toEqual(
      words(`${settings} text_encoder/model.safetensors unet/diffusion_pytorch_model.safetensors
        vae/diffusion_pytorch_model.safetensors`),
    );
  });

  it('without the variant comes what there is', () => {
    expect(choose('config.json diffusion_pytorch_model.safetensors README.md', 'fp16')).toEqual([
      'config.json',
      'diffusion_pytorch_model.safetensors',
    ]);
  });

  it('with shards come all of one precision and their index', () => {
    const shards = `config.json model.safetensors.index.json model-00001-of-00002.safetensors
      model-00002-of-00002.safetensors model.safetensors.index.fp16.json model.fp16-00001-of-00002.safetensors
      model.fp16-00002-of-00002.safetensors`;
    expect(choose(shards, 'full')).toEqual(
      words(
        `config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json`,
      ),
    );
    expect(choose(shards, 'fp16')).toEqual(
      words(`config.json model.fp16-00001-of-00002.safetensors model.fp16-00002-of-00002.safetensors
        model.safetensors.index.fp16.json`),
    );
  });

  it('with one model file comes that', () => {
    expect(choose('README.md some/deep/net.safetensors net.yaml', 'fp16')).toEqual(['some/deep/net.safetensors']);
  });

  it('with a network in ONNX come the settings that it is used with', () => {
    expect(choose('README.md config.json onnx/net.onnx preprocessor_config.json other.json', 'fp16')).toEqual(
      words('config.json onnx/net.onnx preprocessor_config.json'),
    );
  });

  it('whose pipeline has a network as a pickle only is refused', () => {
    expect(() => choose('model_index.json unet/config.json unet/diffusion_pytorch_model.bin', 'fp16')).toThrow(
      /pickles only/,
    );
  });
});
