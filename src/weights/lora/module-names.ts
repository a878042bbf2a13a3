import type { Weights } from '../../graph/weights.ts';
import { ldmUNetNames } from '../key-maps/ldm-unet-names.ts';

/** Modules of one network by all that files call them. */
export type ModuleNames = ReadonlyMap<string, string>;

/**
 * Every module of a network under its own name, that of the original code, and each with underscores in place of the dots. Names
 * with underscores can't be taken apart (`to_out_0`, `text_model`), so they are made from the modules and looked up.
 */
export function moduleNames(weights: Weights, network: 'unet' | 'text'): ModuleNames {
  const modules = new Set([...weights.keys()].map((name) => name.replace(/\.(?:weight|bias)$/, '')));
  const namesOf = network === 'unet' ? unetNames(modules) : textNames;
  const found = new Map<string, string>();
  for (const module of modules) {
    for (const name of [module, ...namesOf(module)]) {
      found.set(name, module);
      found.set(name.replaceAll('.', '_'), module);
    }
  }
  return found;
}

/** Those of the original code. */
function unetNames(modules: ReadonlySet<string>): (module: string) => readonly string[] {
  const nameOf = ldmUNetNames(modules);
  return (module) => [nameOf(module) ?? module];
}

/** Some versions of transformers leave the first part out. */
function textNames(module: string): readonly string[] {
  return [module.replace(/^text_model\./, '')];
}
