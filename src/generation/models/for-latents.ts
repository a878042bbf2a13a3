/** What stands in for a base model's own way from latents to pictures and back has to be made for the same latents. */
export interface ForLatents {
  readonly layout: 'diffusers' | 'single-file';
  readonly latentChannels: number;
  /** Pixels a latent cell, across and down. */
  readonly latentScale: number;
  /** Names of families and ids of base models whose latents it is for, as its maker or the user says; null where nobody does. */
  readonly fits: readonly string[] | null;
}
