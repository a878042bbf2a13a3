import type { Family } from '../../graph/family.ts';

/** Whether a ControlNet and a base model have the same shapes: then every injection point fits. */
export function sameFamily(a: Family, b: Family): boolean {
  return (
    a.name === b.name &&
    a.contextWidth === b.contextWidth &&
    a.latentChannels === b.latentChannels &&
    a.layersPerBlock === b.layersPerBlock &&
    a.blockChannels.join() === b.blockChannels.join()
  );
}

/** A family in words, for a message that sets two of them side by side. */
export function describeFamily(family: Family): string {
  const name = family.name === 'other' ? 'no public family' : family.name;
  return (
    `${name}, context width ${family.contextWidth}, latent channels ${family.latentChannels}, ` +
    `block channels ${family.blockChannels.join('-')}, ${family.layersPerBlock} layers a block`
  );
}
