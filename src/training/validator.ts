import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAnew } from '../files/atomic-write.ts';
import type { ValidationPlan } from '../generation/kinds/training/plan.ts';
import { encodePicture } from '../images/encode.ts';
import { pictureFrom } from '../pipeline/pixels.ts';
import type { MaskedImage, RgbImage } from '../pixels/rgb-image.ts';
import { channelFigures } from './channel-figures.ts';
import type { PicturesEvent, TrainingEvent } from './contract/training-event.ts';
import { tookHoldAt, type ValidationFigures } from '../generation/validation-figures.ts';
import { type Extract, holds, type Obedience, obedienceOf, type Steered } from './control-obedience.ts';
import { drawLatents, type DrawingParts } from './draw.ts';
import type { FrozenNetworks } from './frozen-networks.ts';
import { heldOutLoss } from './held-out-loss.ts';
import type { LearntSet } from './learnt-set.ts';
import { mapPicture } from './map-picture.ts';
import type { Predictor } from './predictor.ts';
import type { TrainingRandom } from './training-random.ts';

/** Maps, or prompts of what sees none, of which pictures are shown; the others are measured alone. */
const shownPictures = 8;

/** Standard errors above which maps count as heeded, where the loss is all that tells it. */
const certain = 3;

export interface ValidatorParts {
  readonly plan: ValidationPlan;
  /** Folder of the pictures. */
  readonly folder: string;
  /** What is not learnt from. */
  readonly set: LearntSet;
  /** True pictures and maps of the set, by place. */
  readonly look: (index: number) => Promise<{ readonly picture: RgbImage; readonly map: MaskedImage | null }>;
  readonly drawing: DrawingParts;
  readonly frozen: FrozenNetworks;
  readonly random: TrainingRandom;
  /** Of the maps; null where none are used. */
  readonly condition: string | null;
  /** Whether pictures can be compared with such maps. */
  readonly isMeasured: boolean;
  readonly extract: Extract;
  /** Whether what is trained does nothing at first. */
  readonly beginsSilent: boolean;
  readonly tell: (event: TrainingEvent) => Promise<void>;
}

/** What pictures are drawn of. */
interface Subject {
  readonly index: number;
  readonly prompt: string;
  readonly seed: number;
  readonly map: Float32Array | null;
}

interface DrawnSubject extends Subject {
  readonly picture: RgbImage;
  /** By the base model alone; null of what is measured alone. */
  readonly without: RgbImage | null;
}

/**
 * Shows what a training has learnt so far, on pairs that it does not learn from: pictures with and without it, how these obey their maps, and the loss. It draws with
 * random numbers of its own and changes nothing of the training.
 */
export class Validator {
  readonly #parts: ValidatorParts;
  #ceiling: number | null | undefined;
  readonly #without = new Map<string, RgbImage>();

  constructor(parts: ValidatorParts) {
    this.#parts = parts;
  }

  /** The figures after a step; 0: before the first. `before` are those of before, in order. */
  async validate(
    step: number,
    predictor: Predictor,
    before: readonly ValidationFigures[],
    signal: AbortSignal,
  ): Promise<ValidationFigures> {
    const { set, drawing, random, frozen } = this.#parts;
    await mkdir(this.#parts.folder, { recursive: true });
    const loss = set.length === 0 ? null : await heldOutLoss(predictor, { ...drawing, set, random }, signal);
    const ceiling = await this.#ceilingOf();
    const isSilent = step === 0 && this.#parts.beginsSilent;
    const drawn: DrawnSubject[] = [];
    for (const subject of await this.#subjects()) {
      const without = drawn.length < shownPictures ? await this.#drawnWithout(subject, predictor, signal) : null;
      const picture = isSilent && without !== null ? without : await this.#draw(subject, 1, predictor, signal);
      drawn.push({ ...subject, picture, without });
    }
    await this.#show(step, drawn);
    await frozen.release();
    const obedience = ceiling === null ? null : await this.#obedience(drawn);
    const figures = figuresOf(step, { loss, obedience, ceiling });
    await this.#parts.tell({ type: 'fidelity', ...figures });
    await this.#notice(figures, before);
    return figures;
  }

  async #subjects(): Promise<readonly Subject[]> {
    const { plan, set, condition } = this.#parts;
    const count = condition === null ? Math.max(1, plan.prompts.length) : Math.min(plan.maps, set.length);
    const subjects: Subject[] = [];
    for (let index = 0; index < count; index++) {
      const prompt = plan.prompts[index % plan.prompts.length] ?? (index < set.length ? set.captionAt(index) : '');
      const map = condition === null ? null : (await set.row(index, { flip: false, silent: true })).map;
      for (const seed of plan.seeds) subjects.push({ index, prompt, seed, map });
    }
    return subjects;
  }

  async #draw(
    { prompt, seed, map }: Subject,
    strength: number,
    predictor: Predictor,
    signal: AbortSignal,
  ): Promise<RgbImage> {
    const { set, drawing, frozen } = this.#parts;
    const caption = await set.caption(prompt);
    const latents = await drawLatents({ caption, map, seed, strength }, predictor, drawing, signal);
    return pictureFrom(await frozen.decodePicture(latents, drawing.shapes.latents));
  }

  /** The base model alone draws the same whenever it is asked. */
  async #drawnWithout(subject: Subject, predictor: Predictor, signal: AbortSignal): Promise<RgbImage> {
    const key = `${subject.index}/${subject.seed}`;
    const known = this.#without.get(key) ?? (await this.#draw(subject, 0, predictor, signal));
    this.#without.set(key, known);
    return known;
  }

  /** What true pictures reach; null where nothing can be compared. */
  async #ceilingOf(): Promise<number | null> {
    if (this.#ceiling === undefined) this.#ceiling = await this.#measuredCeiling();
    return this.#ceiling;
  }

  async #measuredCeiling(): Promise<number | null> {
    const { condition, isMeasured, extract, plan, set, look } = this.#parts;
    if (condition === null || !isMeasured) return null;
    const steered: Steered[] = [];
    for (let index = 0; index < Math.min(plan.maps, set.length); index++) {
      const { picture, map } = await look(index);
      if (map === null) return null;
      steered.push({ picture, map });
    }
    return (await obedienceOf(condition, steered, extract))?.g ?? null;
  }

  async #obedience(drawn: readonly DrawnSubject[]): Promise<Obedience | null> {
    const { condition, extract, plan, drawing } = this.#parts;
    const [seed] = plan.seeds;
    const steered = drawn.flatMap(({ picture, map, seed: of }): readonly Steered[] =>
      of !== seed || map === null ? [] : [{ picture, map: mapPicture(map, drawing.resolution) }],
    );
    return await obedienceOf(condition as string, steered, extract);
  }

  async #show(step: number, drawn: readonly DrawnSubject[]): Promise<void> {
    const { folder, tell, drawing } = this.#parts;
    const pictures: PicturesEvent['pictures'][number][] = [];
    const write = async (name: string, picture: MaskedImage): Promise<string> => {
      const file = join(folder, `${name}.png`);
      await writeAnew(file, await encodePicture(picture, { format: 'png', quality: 100 }));
      return file;
    };
    const number = String(step).padStart(6, '0');
    const shown = drawn.flatMap((one) => (one.without === null ? [] : [{ ...one, without: one.without }]));
    for (const { index, prompt, seed, map, picture, without } of shown) {
      pictures.push({
        index,
        prompt,
        seed,
        map: map === null ? null : await write(`${index}-map`, mapPicture(map, drawing.resolution)),
        picture: await write(`step-${number}-${index}-${seed}`, picture),
        without: await write(`${index}-${seed}-without`, without),
      });
    }
    const channels = {
      with: channelFigures(shown.map(({ picture }) => picture)),
      without: channelFigures(shown.map(({ without }) => without)),
    };
    await tell({ type: 'pictures', step, pictures, channels });
  }

  async #notice(figures: ValidationFigures, before: readonly ValidationFigures[]): Promise<void> {
    const step = tookHoldAt(figures, before);
    if (step === null) return;
    const message = `The control took hold at step ${step}: pictures obey their maps there and at step ${figures.step}.`;
    await this.#parts.tell({ type: 'notice', code: 'control_took_hold', step, message });
  }
}

interface Measured {
  readonly loss: Awaited<ReturnType<typeof heldOutLoss>> | null;
  readonly obedience: Obedience | null;
  readonly ceiling: number | null;
}

function figuresOf(step: number, { loss, obedience, ceiling }: Measured): ValidationFigures {
  const { own: error = null, ranges = [], certainty = null } = loss ?? {};
  const losses = { step, loss: error, ranges };
  if (obedience !== null && ceiling !== null) {
    const { own, shuffled, g, interval, maps } = obedience;
    const measures = { measure: 'fidelity', own, shuffled, g, interval, maps, ceiling } as const;
    return { ...losses, ...measures, holds: holds(obedience, ceiling) };
  }
  const shuffled = loss?.shuffled ?? null;
  const g = error === null || shuffled === null ? null : (shuffled - error) / shuffled;
  const measures = {
    measure: 'held_out_loss',
    own: error,
    shuffled,
    g,
    interval: null,
    maps: 0,
    ceiling: null,
  } as const;
  return { ...losses, ...measures, holds: certainty !== null && certainty > certain };
}
