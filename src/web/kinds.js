/** @import { JobView } from '../server/views/job-schema.ts' */
import { element, pair } from './elements.js';
import { words, yesNo } from './figures.js';

/**
 * @typedef {object} Shown What people see of the plan of a job.
 * @property {string} subject what it is about
 * @property {string} tab the same for the name of a tab
 * @property {string | null} output what its outputs are called; null: by their numbers
 * @property {readonly { readonly type: string, readonly index: number }[]} given the pictures that it was given, and what for
 * @property {readonly (readonly [string, Node | string])[]} settings but for the format
 */

/** @typedef {JobView['effective']} Effective */
/** @typedef {Extract<Effective, { readonly prompt: string }>} Generation */
/** @typedef {Extract<Effective, { readonly condition: string, readonly image: object }>} Extraction */

/** @typedef {Extract<Effective, { readonly upscaler: string, readonly image: object }>} Upscale */
/** @typedef {Extract<Effective, { readonly learning_rate: number | string }>} Training */

/** Every kind of job, as they can be chosen from. */
export const kinds = ['generation', 'extraction', 'upscale', 'training'];

/**
 * The plan of a job as its kind is shown: a function and a line for each.
 *
 * @param {Effective} effective
 * @returns {Shown}
 */
export function shown(effective) {
  if ('learning_rate' in effective) return training(effective);
  if ('condition' in effective) return extraction(effective);
  return 'prompt' in effective ? generation(effective) : upscale(effective);
}

/**
 * @param {Generation} effective
 * @returns {Shown}
 */
function generation(effective) {
  const {
    model,
    prompt,
    width,
    height,
    steps,
    run,
    scheduler,
    schedule,
    eta,
    seed,
    count,
    best_of: bestOf,
  } = effective;
  return {
    subject: prompt || '(no prompt)',
    tab: prompt,
    output: null,
    given: effective.controls.flatMap(({ type, structure }, index) => (structure === null ? [{ type, index }] : [])),
    settings: [
      ['Model', element('span', { title: `hash ${model.hash}` }, model.id)],
      ['Size', `${width} × ${height}`],
      ['Steps', run.steps === steps ? String(steps) : `${steps}, of which come ${run.steps}`],
      ['Scheduler', eta === 0 ? scheduler : `${scheduler}, eta ${eta}`],
      ...(schedule === null ? [] : [pair('Schedule', schedule)]),
      ...(effective.s_churn === 0 ? [] : [pair('Churn', String(effective.s_churn))]),
      ['Guidance', guidance(effective)],
      ...(effective.image_guidance_scale === null
        ? []
        : [pair('Guidance by the picture', String(effective.image_guidance_scale))]),
      ...(effective.strength === null ? [] : [pair('Drawn over', `at strength ${effective.strength}`)]),
      ...(effective.extend === null ? [] : [pair('Drawn on', sides(effective.extend))]),
      ...(effective.hires === null ? [] : [pair('Second pass', secondPass(effective.hires))]),
      ...(effective.refiner === null ? [] : [pair('Refiner', refiner(effective.refiner))]),
      ['Seed', String(seed)],
      ['Pictures', bestOf === 1 ? String(count) : `${count}, the best of ${bestOf} each`],
      ...effective.loras.map((lora) => loraRow(lora)),
      ...effective.embeddings.map(({ name, model: from }) =>
        pair('Learned word', element('span', { title: `${from.id}, hash ${from.hash}` }, name)),
      ),
      ...(effective.prompt_syntax === 'plain' ? [pair('Prompt syntax', 'plain')] : []),
      ...(effective.clip_skip === 0 ? [] : [pair('Clip skip', String(effective.clip_skip))]),
      ...(effective.vae === null ? [] : [pair('Autoencoder', effective.vae.id)]),
      ...(effective.decoder.model === null ? [] : [pair('Decoder', effective.decoder.model.id)]),
      ...(effective.preview === null ? [] : [pair('Shown while drawn', every(effective.preview.every))]),
      ...(effective.token_merging === 0 ? [] : [pair('Tokens merged', String(effective.token_merging))]),
      ...(effective.deep_cache === null ? [] : [pair('Deep layers worked out', every(effective.deep_cache.every))]),
      ...(effective.tiling === false
        ? []
        : [pair('Tiles', effective.tiling === true ? 'in both directions' : `along ${effective.tiling}`)]),
      ['Strict', yesNo(effective.strict)],
      ['Evaluated', yesNo(effective.evaluate)],
    ],
  };
}

/** @param {number} steps */
function every(steps) {
  return steps === 1 ? 'every step' : `every ${steps} steps`;
}

/**
 * @param {Extraction} effective
 * @returns {Shown}
 */
function extraction({ condition, options, resolution, strict }) {
  return {
    subject: `Map for ${condition}`,
    tab: `${condition} map`,
    output: `Map for ${condition}`,
    given: [{ type: condition, index: 0 }],
    settings: [
      ['Condition', condition],
      ...optionRows(options),
      ['Resolution', resolution === null ? "the picture's own" : `${resolution} px`],
      ['Strict', yesNo(strict)],
    ],
  };
}

/**
 * @param {Upscale} effective
 * @returns {Shown}
 */
function upscale({ upscaler, width, height }) {
  const size = `${width} × ${height}`;
  return {
    subject: `Made larger, to ${size}`,
    tab: `Upscale to ${size}`,
    output: null,
    given: [{ type: 'picture', index: 0 }],
    settings: [
      ['Upscaler', upscaler],
      ['Size', size],
    ],
  };
}

/**
 * @param {Training} effective
 * @returns {Shown}
 */
function training(effective) {
  const { kind, condition, base, name, steps, epochs, batch, accumulation, seed } = effective;
  const what = kind === 'lora' ? 'LoRA' : `ControlNet for ${condition ?? 'its maps'}`;
  return {
    subject: `Training of a ${what}: ${name}`,
    tab: `Training of ${name}`,
    output: null,
    given: [],
    settings: [
      ['Base model', element('span', { title: `hash ${base.hash}` }, base.id)],
      ...(steps === undefined ? [] : [pair('Steps', String(steps))]),
      ...(epochs === undefined ? [] : [pair('Epochs', String(epochs))]),
      ['Pictures a step', accumulation === 1 ? String(batch) : `${batch} x ${accumulation}`],
      ['Learning rate', `${effective.learning_rate}, ${effective.schedule}`],
      ['Seed', String(seed)],
    ],
  };
}

/** @param {Generation['loras'][number]} lora */
function loraRow({ model, scale, text_encoder_scale: textScale }) {
  const strength = textScale === scale ? `at ${scale}` : `at ${scale}, text encoder ${textScale}`;
  return pair('LoRA', element('span', { title: `hash ${model.hash}` }, `${model.id} ${strength}`));
}

/** @param {NonNullable<Generation['extend']>} extend */
function sides({ left, top, right, bottom, over: { width, height } }) {
  const added = Object.entries({ left, top, right, bottom }).flatMap(([side, by]) =>
    by > 0 ? [`${by} px ${side}`] : [],
  );
  return `${width} × ${height} and ${added.join(', ')}`;
}

/** @param {NonNullable<Generation['hires']>} hires */
function secondPass({ width, height, upscaler, run, strength }) {
  return `${width} × ${height} by ${upscaler}, ${run.steps} steps at strength ${strength}`;
}

/** @param {NonNullable<Generation['refiner']>} refiner */
function refiner({ model, switch_at: at }) {
  return element('span', { title: `hash ${model.hash}` }, `${model.id} from ${at}`);
}

/** @param {{ readonly guidance_scale: number, readonly guidance_rescale: number }} effective */
function guidance({ guidance_scale: scale, guidance_rescale: rescale }) {
  if (scale === 1) return 'off';
  return rescale === 0 ? String(scale) : `${scale}, rescaled by ${rescale}`;
}

/**
 * @param {Readonly<Record<string, unknown>>} options
 * @returns {readonly (readonly [string, Node | string])[]}
 */
function optionRows(options) {
  return Object.entries(options).map(([name, value]) =>
    pair(words(name), typeof value === 'boolean' ? yesNo(value) : String(value)),
  );
}
