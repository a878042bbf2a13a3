/**
 * What a denoiser was trained for, which its input channels tell: `drawing` takes the latents alone, `inpainting` a mask and the latents of the
 * picture without what is masked beside them, `editing` the latents of the picture that words are to change (instruct-pix2pix).
 */
export const denoiserTasks = ['drawing', 'inpainting', 'editing'] as const;
export type DenoiserTask = (typeof denoiserTasks)[number];

/** The task of a denoiser with so many input channels; null for one that is not built. */
export function taskOf(inChannels: number, latentChannels: number): DenoiserTask | null {
  if (inChannels === latentChannels) return 'drawing';
  if (inChannels === 2 * latentChannels + 1) return 'inpainting';
  return inChannels === 2 * latentChannels ? 'editing' : null;
}
