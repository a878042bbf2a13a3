import { fidelityOf } from '../conditions/fidelity/fidelity.ts';
import { findCondition } from '../conditions/registry.ts';
import { structureOf } from '../conditions/structures.ts';
import { ArmatureError, serializeError } from '../errors.ts';
import { resizeMap, resizePhoto } from '../images/resize.ts';
import { enlarge } from '../pixels/upscalers/enlarge.ts';
import { pixelUpscaler } from '../pixels/upscalers/registry.ts';
import { BundledAnnotators } from './bundled-annotators.ts';
import type {
  CompareRequest,
  EnlargeRequest,
  ExtractorRequest,
  ExtractorResult,
  ExtractRequest,
  FromExtractor,
  RenderRequest,
  ToExtractor,
} from './protocol.ts';

/** Entry of the extractor child: a request in, its result out. It ends with its parent. */
const [folder = '', threads = '0', ...pulled] = process.argv.slice(2);
const annotators = new BundledAnnotators(folder, pulled, Number(threads));

async function extract({ condition, image, options, sizes }: ExtractRequest): Promise<ExtractorResult> {
  const row = findCondition(condition);
  if (row.load === undefined) {
    throw new ArmatureError('not_supported_yet', `Condition ${condition} has no extractor.`);
  }
  const extractor = await row.load();
  const seen = sizes.seen === undefined ? image : await resizePhoto(image, sizes.seen.size, sizes.seen.resize);
  const extracted = await extractor.extract(seen, options, annotators);
  return sizes.map === undefined
    ? extracted
    : { ...extracted, map: await resizeMap(extracted.map, sizes.map, 'stretch') };
}

async function render({ structure, data, width, height }: RenderRequest): Promise<ExtractorResult> {
  const draw = await structureOf(structure).load();
  return draw(data, width, height);
}

async function compare({ condition, drawn, requested, options }: CompareRequest): Promise<ExtractorResult> {
  return await fidelityOf(findCondition(condition), drawn, requested, options);
}

function enlargeBy({ upscaler, image, size }: EnlargeRequest): ExtractorResult {
  const kernel = pixelUpscaler(upscaler);
  if (kernel === undefined) throw new ArmatureError('unknown_model', `There is no upscaler ${upscaler}.`);
  return enlarge(image, size, kernel);
}

async function resultOf(request: ExtractorRequest): Promise<ExtractorResult> {
  switch (request.type) {
    case 'extract':
      return await extract(request);
    case 'render':
      return await render(request);
    case 'compare':
      return await compare(request);
    case 'enlarge':
      return enlargeBy(request);
  }
}

async function answer(request: ToExtractor): Promise<FromExtractor> {
  try {
    return { type: 'done', id: request.id, result: await resultOf(request) };
  } catch (error) {
    if (!(error instanceof ArmatureError)) console.error(`extractor ${request.type}:`, error);
    return { type: 'failed', id: request.id, error: serializeError(error) };
  }
}

process.on('message', (request: ToExtractor) => {
  void answer(request).then((message) => process.send?.(message));
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C and service managers reach the whole group; the parent decides when the child has to go.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
