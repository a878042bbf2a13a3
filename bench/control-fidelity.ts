/** Do pictures obey their edge maps? Canny F1 at 2 pixels over the test scenes, beside shuffled pairs and diffusers. */
import { readFileSync } from 'node:fs';
import { decodePicture } from '../src/images/decode.ts';
import { inlinePicture, root, Service } from '../test/support/service.ts';
import { agreement, mean } from './fidelity/edges.ts';

interface Reference {
  readonly scene: string;
  readonly prompt: string;
  readonly seed: number;
  readonly steps: number;
  readonly guidance_scale: number;
  readonly scheduler: string;
  readonly picture: string;
}

const folder = new URL('test/diorama/', root);
const references = JSON.parse(readFileSync(new URL('control/cases.json', folder), 'utf8')) as Reference[];

const mapBytes = (scene: string): Uint8Array => readFileSync(new URL(`scenes/${scene}_canny.png`, folder));
const scenes = [...new Set(references.map(({ scene }) => scene))];
const maps = new Map(
  await Promise.all(scenes.map(async (scene) => [scene, await decodePicture(mapBytes(scene))] as const)),
);

const mapOf = (scene: string) => {
  const requested = maps.get(scene);
  if (requested === undefined) throw new Error(`There is no scene ${scene}`);
  return requested;
};
const other = (scene: string): string => scenes[(scenes.indexOf(scene) + 1) % scenes.length] ?? scene;

const service = await Service.start();
const figures: { own: number; shuffled: number; diffusers: number }[] = [];
try {
  for (const { scene, prompt, seed, steps, guidance_scale, scheduler, picture } of references) {
    const control = { type: 'canny', image: inlinePicture(mapBytes(scene)), preprocess: false };
    const request = { prompt, seed, steps, guidance_scale, scheduler, width: 256, height: 256, controls: [control] };
    const drawn = await decodePicture(await service.picture(await service.draw(request)));
    const reference = await decodePicture(readFileSync(new URL(`control/${picture}`, folder)));
    const figure = {
      own: agreement(drawn, mapOf(scene)),
      shuffled: agreement(drawn, mapOf(other(scene))),
      diffusers: agreement(reference, mapOf(scene)),
    };
    figures.push(figure);
    console.log(`scene ${scene} seed ${seed}: F1 ${figure.own.toFixed(3)}, diffusers ${figure.diffusers.toFixed(3)}`);
  }
} finally {
  await service.stop();
}

const [own, shuffled, diffusers] = (['own', 'shuffled', 'diffusers'] as const).map((key) =>
  mean(figures.map((figure) => figure[key])),
);
console.log(`\ncanny F1 at 2 px over ${figures.length} pictures of ${scenes.length} scenes`);
console.log(`  with the requested map   ${own?.toFixed(3)}`);
console.log(`  with another scene's map ${shuffled?.toFixed(3)}`);
console.log(`  diffusers, same seeds    ${diffusers?.toFixed(3)}`);
console.log(`  ratio to diffusers       ${((own ?? 0) / (diffusers ?? 1)).toFixed(3)} (goal: at least 0.95)`);
