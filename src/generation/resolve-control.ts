import type { Condition } from '../conditions/contract/condition.ts';
import type { ExtractorOptions } from '../conditions/contract/options.ts';
import { imagePrompt } from '../conditions/image-prompt.ts';
import { maskedConditions } from '../conditions/registry.ts';
import { structureOf } from '../conditions/structures.ts';
import { ArmatureError } from '../errors.ts';
import type { BaseModel } from './models/base.ts';
import { modelNouns } from './models/kinds.ts';
import { withArticle } from './models/model-list.ts';
import { runsAtSteps, type SteeringModel, steeringMisfit } from './models/steering.ts';
import type { Catalog } from './catalog.ts';
import { chooseSteering } from './choose-steering.ts';
import type { GivenControl } from './given-control.ts';
import { type GivenPicture, shortSideSize } from './given-picture.ts';
import type { MapMaking, PlannedControl } from './planned-control.ts';
import { controlPictureList, type ControlRequest } from './request/controls.ts';
import { resolveImagePrompt } from './resolve-image-prompt.ts';
import type { ResolvedHires } from './resolve-hires.ts';
import { resolvePreprocess } from './resolve-preprocess.ts';
import type { Size } from '../numeric/size.ts';

export interface ControlContext {
  readonly base: BaseModel;
  readonly catalog: Catalog;
  /** Of the generation. */
  readonly size: Size;
  /** Whether that is a guess, until the picture that it follows is fetched: no adapter is refused by it yet. */
  readonly isGuess: boolean;
  /** Its second pass; null where it has none. */
  readonly hires: ResolvedHires | null;
}

export interface ResolvedControl {
  readonly control: PlannedControl;
  readonly warnings: readonly string[];
}

/** Settles one control: its ControlNet, what is done to its picture, and when it acts. */
export function resolveControl(given: GivenControl, context: ControlContext): ResolvedControl {
  const { index, request, others } = given;
  const { base: first, catalog, hires } = context;
  const field = `controls[${index}]`;
  const region = others.get('mask');
  if (request.type !== imagePrompt.id) catalog.condition(request.type, `${field}.type`);
  if (request.start > request.end) {
    const detail = `Expected ${field}.start to be at most ${field}.end, ${request.end}, but received ${request.start}.`;
    throw new ArmatureError('invalid_request', detail, { field: `${field}.start` });
  }
  refuseWithoutHires(request, hires, `${field}.passes`);
  const base = request.passes === 'high' ? (hires?.base ?? first) : first;
  const { model, source, remarks } =
    request.type === imagePrompt.id
      ? resolveImagePrompt(given, base, catalog.models, field)
      : resolveMap(given, base, context, field);
  refuseEvery(request, model, `${field}.every`);
  const unfit = request.passes === 'both' && hires !== null ? steeringMisfit(hires.base, model) : null;
  const control: PlannedControl = {
    type: request.type,
    model: { id: model.id, hash: model.hash },
    source,
    resize: region === undefined && hasNoShape(request.image) ? 'stretch' : request.resize,
    ...(region === undefined ? {} : { region: region.stored }),
    scale: request.scale,
    start: request.start,
    end: request.end,
    ...(request.every === 1 ? {} : { every: request.every }),
    mode: request.mode,
    ...(hires === null ? {} : { passes: unfit === null ? request.passes : ('low' as const) }),
  };
  const all = [...remarks, ...(unfit === null ? [] : [`acts in the first pass alone: ${unfit}`])];
  return { control, warnings: all.map((text) => `${field} ${text}`) };
}

/** What a control with a map is given to, and what its map is made from. */
function resolveMap(
  { request, picture }: GivenControl,
  base: BaseModel,
  { catalog, size, isGuess, hires }: ControlContext,
  field: string,
): { readonly model: SteeringModel; readonly source: MapMaking; readonly remarks: readonly string[] } {
  const condition = catalog.condition(request.type, `${field}.type`);
  if (request.images !== undefined) {
    const detail = `Expected ${field}.image with the type ${condition.id}: several pictures are for ${imagePrompt.id}.`;
    throw new ArmatureError('invalid_request', detail, { field: `${field}.${controlPictureList}` });
  }
  const model = chooseSteering(
    request,
    base,
    catalog.models,
    isGuess ? new Map() : sizesOf(request, size, hires),
    field,
  );
  refuseOtherStructure(condition.id, picture, `${field}.image`);
  refuseUselessMask(condition, picture, `${field}.image`);
  const preprocess = resolvePreprocess(condition, request.preprocess, picture, `${field}.preprocess`);
  const resolution = request.resolution ?? null;
  if (resolution !== null) {
    if (preprocess === false) throw uselessResolution(`${field}.resolution`);
    for (const one of [size, ...(hires === null ? [] : [hires.planned])]) {
      shortSideSize(one, resolution, `${field}.resolution`);
    }
  }
  const source = sourceOf(condition.id, picture, preprocess, resolution);
  return { model, source, remarks: reuseWarnings(condition.id, source, picture) };
}

/** What runs once a pass is used again at every step anyway. */
function refuseEvery({ every }: ControlRequest, model: SteeringModel, field: string): void {
  if (every === 1 || runsAtSteps(model)) return;
  const { noun } = modelNouns[model.kind];
  const detail = `Expected ${field} to be left out with ${model.id} but received ${every}: it is ${withArticle(noun)}, whose network runs once a pass; a ControlNet runs at every step.`;
  throw new ArmatureError('incompatible_control', detail, { field });
}

function refuseWithoutHires({ passes }: ControlRequest, hires: ResolvedHires | null, field: string): void {
  if (hires !== null || passes !== 'high') return;
  const detail = `Expected hires with ${field} "high": without it there is the first pass alone.`;
  throw new ArmatureError('invalid_request', detail, { field });
}

/** The sizes at which a control acts, by what their sides begin with in the request. */
function sizesOf({ passes }: ControlRequest, size: Size, hires: ResolvedHires | null): ReadonlyMap<string, Size> {
  const [first, second] = [['', size] as const, ...(hires === null ? [] : [['hires.', hires.planned] as const])];
  if (second === undefined || passes === 'low') return new Map([first]);
  return new Map(passes === 'high' ? [second] : [first, second]);
}

/** Said of a map of an earlier job that is used for another condition than its own. */
function reuseWarnings(type: string, source: MapMaking, { map }: GivenPicture): readonly string[] {
  if (map === null || source.kind !== 'map' || map.condition === type) return [];
  return [`uses a map of type ${map.condition} as one of type ${type}.`];
}

function sourceOf(
  condition: string,
  { stored, mask, structure, map }: GivenPicture,
  preprocess: ExtractorOptions | false,
  resolution: number | null,
): MapMaking {
  if (structure !== null) return { kind: 'structure', structure, json: stored };
  const picture = mask === undefined ? { image: stored } : { image: stored, mask };
  if (preprocess !== false) return { kind: 'photo', ...picture, preprocess, resolution };
  // How an earlier job made the map that is used as it is, where it made it for this condition.
  const madeWith = map?.condition === condition ? map.options : null;
  return { kind: 'map', ...picture, data: map?.data ?? null, madeWith };
}

/** Structure as data that names no canvas is in shares of the output, whatever shape that has. */
function hasNoShape(image: ControlRequest['image']): boolean {
  return 'structure' in image && structureOf(image.structure.kind).canvas(image.structure.data) === null;
}

/** Structure as data belongs to one condition: others have no way to draw it. */
function refuseOtherStructure(condition: string, { structure }: GivenPicture, field: string): void {
  if (structure === null) return;
  const { condition: own } = structureOf(structure);
  if (own === condition) return;
  const detail = `Expected a picture for a control of type ${condition} but received a ${structure}, which is for ${own}.`;
  throw new ArmatureError('invalid_request', detail, { field: `${field}.${structure}` });
}

/** Where transparency means nothing a mask beside the picture would do nothing. */
export function refuseUselessMask({ id, masked }: Condition, { mask }: GivenPicture, field: string): void {
  if (mask === undefined || masked === true) return;
  const detail = `Expected a picture for ${id} but received one with a mask, which is for ${maskedConditions.join(', ')}.`;
  throw new ArmatureError('invalid_request', detail, { field: `${field}.mask` });
}

function uselessResolution(field: string): ArmatureError {
  const detail = `Expected no ${field} where the map is ready-made, because nothing is extracted. Leave it out.`;
  return new ArmatureError('invalid_request', detail, { field });
}
