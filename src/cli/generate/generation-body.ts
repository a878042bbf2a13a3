/** The options of `armature generate` and `armature batch` that are fields of a request; absent ones are left to the model's defaults. */
export interface GenerationOptions {
  readonly negative?: string;
  readonly width?: number | string;
  readonly height?: number | string;
  readonly steps?: number | string;
  readonly guidance?: number | string;
  readonly guidanceRescale?: number | string;
  readonly scheduler?: string;
  readonly eta?: number | string;
  readonly seed?: number | string;
  readonly count?: number | string;
  readonly clipSkip?: number | string;
  readonly quality?: number | string;
  readonly strict?: true;
  readonly evaluate?: true;
  readonly bestOf?: number | string;
}

/**
 * The body that a client would send to POST /v1/generations for the same picture: it goes through the same checks.
 * Without a model it is the server's default.
 */
export function generationBody(
  prompt: string,
  model: string | undefined,
  options: GenerationOptions,
  controls: readonly Readonly<Record<string, unknown>>[],
  format: string,
): Readonly<Record<string, unknown>> {
  return present({
    model,
    prompt,
    negative_prompt: options.negative,
    width: options.width,
    height: options.height,
    steps: options.steps,
    guidance_scale: options.guidance,
    guidance_rescale: options.guidanceRescale,
    scheduler: options.scheduler,
    eta: options.eta,
    seed: options.seed,
    count: options.count,
    clip_skip: options.clipSkip,
    controls,
    strict: options.strict,
    evaluate: options.evaluate,
    best_of: options.bestOf,
    output: present({ format, quality: options.quality }),
  });
}

function present(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
