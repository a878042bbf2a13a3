/** A closed range of numbers; `step` is the number that every value is a multiple of. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly step?: number;
}

/** Everything that bounds a request, in one place. Sizes are pixels, lengths are UTF-16 code units, the rest is counts. */
export const limits = {
  width: { min: 64, max: 2048, step: 8 },
  height: { min: 64, max: 2048, step: 8 },
  /** Most pixels of one output: width times height. */
  pixels: 1536 * 1536,
  steps: { min: 1, max: 150 },
  guidanceScale: { min: 1, max: 30 },
  guidanceRescale: { min: 0, max: 1 },
  /** Shares of the steps. */
  guidanceWindow: { min: 0, max: 1 },
  imageGuidanceScale: { min: 1, max: 20 },
  eta: { min: 0, max: 1 },
  sChurn: { min: 0, max: 100 },
  strength: { min: 0, max: 1 },
  /** How much larger the sides of a hires pass are. */
  hiresScale: { min: 1, max: 4 },
  maskBlur: { min: 0, max: 64 },
  inpaintPadding: { min: 0, max: 256 },
  /** Pixels that are drawn beyond one side of a picture. */
  extension: { min: 0, max: 2048 },
  /** Most pixels of a picture of which only a part is drawn anew: the output has its size. */
  sourcePixels: 4096 * 4096,
  /** Longest side of a file of a format; PNG has no bound that a picture would reach. */
  formatSide: { png: 2 ** 31 - 1, webp: 16_383, jpeg: 65_500 },
  /** How many times as wide and high a picture is made. */
  upscaleFactor: { min: 1, max: 16 },
  /** Of a picture that was made larger: WebP has no more. */
  upscaledSide: { min: 1, max: 16_383 },
  upscaledPixels: 4096 * 4096,
  variationStrength: { min: 0, max: 1 },
  previewEvery: { min: 1, max: 150 },
  seed: { min: 0, max: 2 ** 32 - 1 },
  count: { min: 1, max: 8 },
  bestOf: { min: 1, max: 8 },
  /** Most pictures that one job draws: count times best_of. */
  candidates: 16,
  clipSkip: { min: 0, max: 11 },
  promptLength: 8000,
  /** Sides and places of a picture of which SDXL is told, in pixels. */
  toldSide: { min: 1, max: 16_384 },
  toldOffset: { min: 0, max: 16_384 },
  aestheticScore: { min: 0, max: 10 },
  controls: 8,
  /** Pictures of one image prompt. */
  promptPictures: 8,
  controlScale: { min: 0, max: 2 },
  loras: 8,
  /** Below 0 a LoRA does the opposite of what it was trained for. */
  loraScale: { min: -10, max: 10 },
  /** Shares of the steps. */
  controlWindow: { min: 0, max: 1 },
  /** Of a square of 2x2 tokens one is left. */
  tokenMerging: { min: 0, max: 0.75 },
  /** Steps from one at which the denoiser works out all of itself to the next. */
  deepCacheEvery: { min: 2, max: 150 },
  /** Skip connections of a UNet; models have fewer. */
  deepCacheDepth: { min: 0, max: 99 },
  /** Steps from one at which a ControlNet runs to the next. */
  controlEvery: { min: 1, max: 150 },
  /** Short side in pixels at which an extractor sees a picture. */
  resolution: { min: 64, max: 2048 },
  /** Most pixels of a picture that was brought to a resolution. */
  extractionPixels: 4096 * 4096,
  /** Bytes of the JSON of one pose or layout, and of all that a job's result holds of what extractors found. */
  structureBytes: 2 ** 18,
  dataBytes: 2 ** 16,
  /** Largest index of an output or a map of an earlier job. */
  fileIndex: 99,
  /** Characters of the ids and names of things: models, conditions, uploads, jobs, parts. */
  idLength: 500,
  /** Numbers, texts, lists and so on of the JSON of one generation; the text of a picture is one. */
  values: 100_000,
  quality: { min: 1, max: 100 },
  /** Characters of a batch's name. */
  batchName: 200,
  /** Bytes of the metadata as JSON in UTF-8. */
  metadataBytes: 4096,
} as const;
