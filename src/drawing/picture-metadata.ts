import type { GenerationPlan, PlannedUpscaler, Variation } from '../generation/plan.ts';
import type { EncodeOptions } from '../images/encode.ts';
import { sourceTypes } from '../images/source-type.ts';
import { parametersText } from './parameters-text.ts';

/** What travels inside of a picture file. */
export type InsideFile = Pick<EncodeOptions, 'text'> & Required<Pick<EncodeOptions, 'xmp'>>;

/**
 * "The media was created algorithmically using an AI model": what IPTC asks generators to write. The composite term is for media that
 * were made over another picture and may keep parts of it, which a picture that a photograph only steers does not.
 */
const drawnFromNoise = `${sourceTypes}/trainedAlgorithmicMedia`;
const drawnOverPicture = `${sourceTypes}/compositeWithTrainedAlgorithmicMedia`;

/**
 * What a drawn picture carries in its file: always, for machines, that it is generated and by what (IPTC Photo Metadata
 * 2025.1), and the parameters text where the plan wants it.
 */
export function insideGenerated(plan: GenerationPlan, seed: number, variation?: Variation): InsideFile {
  const xmp = {
    'xmp:CreatorTool': 'Armature',
    'Iptc4xmpExt:DigitalSourceType': plan.init === undefined ? drawnFromNoise : drawnOverPicture,
    'Iptc4xmpExt:AISystemUsed': `Armature, ${plan.model.id}`,
    'Iptc4xmpExt:AISystemVersionUsed': plan.model.hash,
  } as const;
  return plan.output.metadata ? { xmp, text: { parameters: parametersText(plan, seed, variation) } } : { xmp };
}

/**
 * A map says which program made it and no source type: it is derived from a picture, which may be a photograph, a drawing
 * or generated, and the vocabulary has no term for a measurement of one.
 */
export const insideMap: InsideFile = { xmp: { 'xmp:CreatorTool': 'Armature' } };

/**
 * A picture that was made larger says how its source was made, where that says so: a kernel only resamples it. A network adds what it
 * was trained on.
 */
export function insideUpscaled({ model }: PlannedUpscaler, sourceType: string | null): InsideFile {
  const tool = { 'xmp:CreatorTool': 'Armature' } as const;
  if (model !== null) {
    return {
      xmp: {
        ...tool,
        'Iptc4xmpExt:DigitalSourceType': drawnOverPicture,
        'Iptc4xmpExt:AISystemUsed': `Armature, ${model.id}`,
        'Iptc4xmpExt:AISystemVersionUsed': model.hash,
      },
    };
  }
  return sourceType === null
    ? { xmp: tool }
    : { xmp: { ...tool, 'Iptc4xmpExt:DigitalSourceType': `${sourceTypes}/${sourceType}` } };
}
