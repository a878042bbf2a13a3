import type { Config } from '../config/config.ts';
import { pulledAnnotators } from '../config/model-folders.ts';
import { embeddedAnnotators } from '../config/package-files.ts';
import { ExtractorProcess } from '../extractor/extractor-process.ts';

/** The process that makes maps, with the networks that came with the program and those that were pulled. Whoever opens it closes it. */
export function openExtractor(config: Config): ExtractorProcess {
  return new ExtractorProcess({
    annotators: embeddedAnnotators,
    pulled: pulledAnnotators(config),
    threads: config.threads,
  });
}
