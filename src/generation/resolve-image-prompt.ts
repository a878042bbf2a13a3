import { imagePrompt } from '../conditions/image-prompt.ts';
import { ArmatureError } from '../errors.ts';
import type { GivenControl } from './given-control.ts';
import { type GivenPicture, shortSideSize } from './given-picture.ts';
import type { BaseModel } from './models/base.ts';
import {
  findIpAdapter,
  ipAdapterMisfit,
  ipAdapterNoun,
  type IpAdapterModel,
  neededEncoder,
  seesWith,
} from './models/ip-adapter.ts';
import { type ModelList, withArticle } from './models/model-list.ts';
import type { ImageEncoderModel } from './models/image-encoder.ts';
import { modelNouns } from './models/kinds.ts';
import { findSteering } from './models/steering.ts';
import type { PicturesSource } from './planned-control.ts';
import { controlPictureList } from './request/controls.ts';

/** What an image prompt is given to, what it is made from, and what there is to say of it. */
export interface ResolvedImagePrompt {
  readonly model: IpAdapterModel;
  readonly source: PicturesSource;
  readonly remarks: readonly string[];
}

/**
 * Settles a control whose pictures are attended to beside the prompt. `field` is its path. Throws `unknown_model` where there is no IP-Adapter that
 * fits or no image encoder for it, `incompatible_control` for one that is named and does not fit, `invalid_request` for fields of maps, for
 * pictures that are hardly more than a line, and where several fit and none is named.
 */
export function resolveImagePrompt(
  { request, picture, further = [] }: GivenControl,
  base: BaseModel,
  models: ModelList,
  field: string,
): ResolvedImagePrompt {
  const pictures = [picture, ...further];
  for (const name of ['preprocess', 'resolution'] as const) {
    if (request[name] !== undefined) throw fieldOfMaps(name, field);
  }
  if (request.mode !== 'balanced') throw fieldOfMaps('mode', field);
  if (pictures.some(({ structure, mask }) => structure !== null || mask !== undefined)) {
    const detail = `Expected a picture for a control of type ${imagePrompt.id} but received structure as data, or a mask beside it.`;
    throw new ArmatureError('invalid_request', detail, { field: `${field}.image` });
  }
  const model = chooseIpAdapter(request.model, base, models, field);
  const encoder = encoderOf(model, models, `${field}.model`);
  for (const [index, one] of pictures.entries()) {
    refuseNarrow(
      one,
      encoder,
      `${field}.${request.images === undefined ? 'image' : `${controlPictureList}[${index}]`}`,
    );
  }
  const { id, hash } = encoder;
  return {
    model,
    source: { kind: 'pictures', images: pictures.map(({ stored }) => stored), encoder: { id, hash } },
    remarks: pictures.flatMap((one, index) => remarkOn(one, pictures.length > 1 ? `picture ${index}` : 'its picture')),
  };
}

function fieldOfMaps(name: string, field: string): ArmatureError {
  const detail = `Expected no ${field}.${name} with the type ${imagePrompt.id}: it is for controls that have a map. Leave it out.`;
  return new ArmatureError('invalid_request', detail, { field: `${field}.${name}` });
}

function chooseIpAdapter(named: string | undefined, base: BaseModel, models: ModelList, field: string): IpAdapterModel {
  const fitting = models.ipAdapters.filter((model) => ipAdapterMisfit(base, model) === null);
  const choices = fitting.map(({ id }) => id);
  const at = { field: `${field}.model`, choices };
  if (named !== undefined) {
    refuseOtherSteering(named, models, at);
    const model = findIpAdapter(models, named, at.field);
    const reason = ipAdapterMisfit(base, model);
    if (reason === null) return model;
    const others = choices.length === 0 ? 'None that is there fits it.' : `Choose ${choices.join(' or ')}.`;
    throw new ArmatureError('incompatible_control', `${reason} ${others}`, at);
  }
  const [first, ...more] = fitting;
  if (first === undefined) {
    const [other] = models.ipAdapters;
    const why = other === undefined ? '' : ` ${ipAdapterMisfit(base, other)}`;
    const detail = `There is no ${ipAdapterNoun.noun} that fits the base model ${base.id}.${why}`;
    throw new ArmatureError('unknown_model', detail, at);
  }
  if (more.length === 0) return first;
  const detail = `Expected ${at.field} to say which ${ipAdapterNoun.noun} is meant: ${choices.join(', ')} fit the base model ${base.id}.`;
  throw new ArmatureError('invalid_request', detail, at);
}

/** One that takes maps. */
function refuseOtherSteering(
  id: string,
  models: ModelList,
  at: { readonly field: string; readonly choices: readonly string[] },
): void {
  const others = [...models.controlNets, ...models.adapters];
  if (!others.some((model) => model.id === id)) return;
  const { noun } = modelNouns[findSteering(models, id, at.field).kind];
  const detail = `${id} is ${withArticle(noun)}, which takes a map: ${withArticle(imagePrompt.title.toLowerCase())} is given to an ${ipAdapterNoun.noun}.`;
  throw new ArmatureError('incompatible_control', detail, at);
}

/** The first by its id of those with the dimensions that it takes: a second one is mostly a copy. */
function encoderOf(model: IpAdapterModel, { imageEncoders }: ModelList, field: string): ImageEncoderModel {
  const found = imageEncoders.find((encoder) => seesWith(model, encoder));
  if (found !== undefined) return found;
  const there =
    imageEncoders.length === 0
      ? 'There is none at all yet.'
      : `There are ${imageEncoders.map(({ id, hiddenWidth, projectionWidth }) => `${id} (states ${hiddenWidth} wide, projection ${projectionWidth})`).join(', ')}.`;
  const detail = `The ${ipAdapterNoun.noun} ${model.id} sees pictures with ${neededEncoder(model)}. ${there} Put one into the folder of models.`;
  throw new ArmatureError('unknown_model', detail, { field });
}

/** All of a picture is brought to the encoder's size by its short side before the middle is cut out: of a line that would be gigabytes. */
function refuseNarrow(picture: GivenPicture, { imageSize }: ImageEncoderModel, field: string): void {
  if (picture.pending !== true) shortSideSize(picture, imageSize, field);
}

/** Of a picture that is no square the encoder sees the middle. */
function remarkOn({ width, height, pending }: GivenPicture, which: string): readonly string[] {
  if (pending === true || width === height) return [];
  const side = Math.min(width, height);
  return [
    `sees the middle of ${which}, ${side} x ${side} of ${width} x ${height} pixels: what lies beside it is left out.`,
  ];
}
