/**
 * What other programs call the fields of ours, and what of theirs has no field here: A1111 and its ControlNet extension, ComfyUI,
 * diffusers, InvokeAI, and the images API of OpenAI and of those who sell pictures. Each value goes on from "There is no field x: ".
 * Here stand those of a generation; those of what a request is made of stand beside its fields.
 */
export const called = (name: string): string => `it is ${name} here`;

export function named(names: readonly string[], hint: string): readonly (readonly [string, string])[] {
  return names.map((name) => [name, hint]);
}

export const foreignGenerationNames = new Map<string, string>([
  ...named(
    ['num_inference_steps', 'inference_steps', 'num_steps', 'sampling_steps', 'sample_steps', 'ddim_steps'],
    called('steps'),
  ),
  ...named(['cfg_scale', 'cfg', 'distilled_cfg_scale', 'true_cfg_scale', 'prompt_strength'], called('guidance_scale')),
  ...named(['token_merging_ratio', 'tome_ratio'], called('token_merging')),
  ...named(['cache_interval', 'deepcache', 'deep_cache_interval'], called('deep_cache.every')),
  ...named(['cache_branch_id', 'cache_depth'], called('deep_cache.depth')),
  ...named(['cfg_rescale', 'cfg_rescale_multiplier'], called('guidance_rescale')),
  ...named(['sampler_name', 'sampler_index', 'sampler', 'sample_method', 'sampling_method'], called('scheduler')),
  ...named(['schedule_type', 'noise_schedule', 'scheduler_type'], called('schedule')),
  ...named(
    ['batch_size', 'n_iter', 'n', 'num_images', 'num_images_per_prompt', 'num_outputs', 'num_samples', 'samples'],
    called('count'),
  ),
  ...named(['image_size', 'size', 'resolution', 'aspect_ratio'], 'it is width and height here'),
  ...named(['noise_seed', 'generator', 'manual_seed'], called('seed')),
  ...named(['positive', 'positive_prompt', 'text', 'text_prompt', 'prompts'], called('prompt')),
  ...named(['negative', 'neg_prompt', 'uc'], called('negative_prompt')),
  ...named(
    [
      'checkpoint',
      'ckpt',
      'ckpt_name',
      'model_id',
      'model_name',
      'base_model',
      'sd_model_checkpoint',
      'pretrained_model_name_or_path',
    ],
    called('model'),
  ),
  ...named(['clip_stop_at_last_layers'], 'it is clip_skip here, which counts the layers that are left out: one less'),
  ...named(
    [
      'controlnet',
      'controlnets',
      'control',
      'control_image',
      'controlnet_image',
      'control_units',
      'alwayson_scripts',
      'image',
      'images',
      'image_url',
    ],
    'it is an entry of controls here, {"type": "canny", "image": ...}',
  ),
  ...named(['prompt_attention', 'prompt_parser', 'prompt_weighting'], called('prompt_syntax')),
  ...named(
    ['controlnet_conditioning_scale', 'control_strength', 'control_weight', 'conditioning_scale'],
    called('controls[].scale'),
  ),
  ...named(['control_guidance_start'], called('controls[].start')),
  ...named(['control_guidance_end'], called('controls[].end')),
  ...named(['control_mode', 'guess_mode'], called('controls[].mode')),
  ...named(['denoising_strength', 'denoise', 'image_strength'], called('strength')),
  ...named(['init_images', 'latent_image'], called('init_image')),
  ...named(['subseed', 'variation_seed'], called('variation.seed')),
  ...named(['subseed_strength', 'variation_strength', 'variation_amount'], called('variation.strength')),
  ...named(['mask', 'mask_url'], called('mask_image')),
  ...named(['inpainting_fill'], called('inpaint.fill')),
  ...named(['inpaint_full_res_padding', 'padding_mask_crop'], called('inpaint.padding')),
  ...named(['inpaint_full_res', 'inpaint_area'], called('inpaint.area')),
  ...named(['image_cfg_scale', 'image_guidance'], called('image_guidance_scale')),
  ...named(['enable_hr', 'hr_fix', 'hires_fix', 'highres_fix'], 'it is hires here, {"scale": 2}'),
  ...named(['hr_scale'], called('hires.scale')),
  ...named(['hr_resize_x', 'hr_resize_y'], 'it is hires.width and hires.height here'),
  ...named(['hr_upscaler'], called('hires.upscaler')),
  ...named(['hr_second_pass_steps', 'hires_steps'], called('hires.steps')),
  ...named(['hr_sampler_name'], called('hires.scheduler')),
  ...named(['hr_scheduler'], called('hires.schedule')),
  ...named(['hr_prompt'], called('hires.prompt')),
  ...named(['hr_negative_prompt'], called('hires.negative_prompt')),
  ...named(['hr_checkpoint_name'], called('hires.model')),
  ...named(['refiner_checkpoint', 'refiner_model'], called('refiner.model')),
  ...named(['refiner_switch_at', 'refiner_switch', 'high_noise_frac', 'denoising_end'], called('refiner.switch_at')),
  ...named(
    ['lora', 'lora_weights', 'lora_scale', 'adapters'],
    'it is an entry of loras here, {"model": ..., "scale": 0.8}',
  ),
  ...named(['sd_vae', 'vae_name', 'vae_id', 'autoencoder'], called('vae')),
  ...named(['vae_decoder', 'sd_vae_decode_method'], called('decoder')),
  ...named(['output_format', 'format', 'samples_format'], called('output.format')),
  ...named(['output_compression', 'output_quality', 'quality', 'jpeg_quality'], called('output.quality')),
  ...named(
    ['response_format', 'send_images', 'sync_mode'],
    'the headers Prefer: wait and Accept choose the answer here',
  ),
  ...named(['partial_images', 'live_preview', 'show_progress_every_n_steps'], 'it is preview here, {"every": 5}'),
  ...named(['stream'], 'GET /v1/generations/{id}/events streams the progress here'),
  ...named(
    ['webhook_url', 'callback_url', 'fal_webhook', 'webhook_events_filter'],
    'it is webhook here, {"url": ..., "events": [...]}',
  ),
  ...named(['user', 'extra_data', 'client_id', 'tags'], called('metadata')),
  ...named(['input', 'inputs', 'parameters'], 'its fields are those of the request itself here'),
  ...named(['override_settings'], 'its settings are fields of the request here, such as model and clip_skip'),
]);
