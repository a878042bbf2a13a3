import { findCondition } from '../conditions/registry.ts';
import { ArmatureError, serializeError } from '../errors.ts';
import { BundledAnnotators } from './bundled-annotators.ts';
import type { ExtractRequest, FromExtractor } from './protocol.ts';

/** Entry of the extractor child: one picture in, its map out. It ends with its parent. */
async function extract({ id, condition, image, options }: ExtractRequest): Promise<FromExtractor> {
  try {
    const row = findCondition(condition);
    if (row.load === undefined) {
      throw new ArmatureError('not_supported_yet', `Condition ${condition} has no extractor.`);
    }
    const extractor = await row.load();
    return { type: 'extracted', id, result: await extractor.extract(image, options, annotators) };
  } catch (error) {
    if (!(error instanceof ArmatureError)) console.error(`extractor ${condition}:`, error);
    return { type: 'failed', id, error: serializeError(error) };
  }
}

const annotators = new BundledAnnotators(process.argv[2] ?? '');

process.on('message', (request: ExtractRequest) => {
  void extract(request).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the parent decides when the child has to go.
process.on('SIGINT', () => undefined);
