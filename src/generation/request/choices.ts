export const outputFormats = ['png', 'jpeg', 'webp'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/**
 * How a control weighs on the two halves of classifier-free guidance (DESIGN: docs/conditions.md). `guess` is diffusers'
 * guess mode: logspace(-1, 0) over the injection points, conditional half only.
 */
export const controlModes = ['balanced', 'prompt', 'control', 'guess'] as const;
export type ControlMode = (typeof controlModes)[number];

/** Where there is a hires pass: whether a control acts in the first pass, in that one, or in both. */
export const controlPasses = ['both', 'low', 'high'] as const;
export type ControlPasses = (typeof controlPasses)[number];

/**
 * What a mask's grey says. `hard`: what is above a half is drawn anew, at every step. `soft`: the lighter it is, the earlier a place
 * joins in, half-grey half-way.
 */
export const maskModes = ['hard', 'soft'] as const;
export type MaskMode = (typeof maskModes)[number];

/** What drawing begins with where a picture is drawn anew: what is there, what surrounds it, noise, or nothing. */
export const maskFills = ['original', 'blur', 'latent_noise', 'latent_nothing'] as const;
export type MaskFill = (typeof maskFills)[number];

/** What of a mask says where a picture is drawn anew: how bright it is, or how opaque. */
export const maskChannels = ['luminance', 'alpha'] as const;
export type MaskChannel = (typeof maskChannels)[number];

/** What is drawn: the whole picture, or the part around what is masked at a size of its own. */
export const inpaintAreas = ['whole', 'masked'] as const;
export type InpaintArea = (typeof inpaintAreas)[number];

/** What makes pictures of latents. */
export const decoders = ['vae', 'taesd'] as const;

/** One direction in which a picture's opposite edges meet. */
export const tilingAxes = ['x', 'y'] as const;
