import type { Command } from 'commander';
import { schedulerIds, schedulersWithEta } from '../../schedulers/registry.ts';
import { numberOrText } from '../controls/control-options.ts';

/** Gives a command the options that are fields of a request: those of `GenerationOptions`. */
export function addGenerationOptions(command: Command): void {
  command
    .option('-n, --count <number>', 'how many pictures', numberOrText)
    .option('--seed <number>', 'seed of the first picture; the next ones count on', numberOrText)
    .option('--negative <text>', 'what to keep away from')
    .option('--width <pixels>', 'a multiple of 8', numberOrText)
    .option('--height <pixels>', 'a multiple of 8', numberOrText)
    .option('--steps <number>', 'denoising steps', numberOrText)
    .option('--guidance <number>', 'how closely the prompt is followed', numberOrText)
    .option('--guidance-rescale <number>', 'brings the contrast of guided pictures back', numberOrText)
    .option('--scheduler <id>', schedulerIds.join(', '))
    .option('--eta <number>', `share of fresh noise in each step of ${schedulersWithEta.join(', ')}`, numberOrText)
    .option('--clip-skip <number>', 'last layers of the text encoder to leave out', numberOrText)
    .option('--quality <number>', 'of .jpg and .webp', numberOrText)
    .option('--strict', 'fail where a map is blank or looks like something else, or the prompt is cut')
    .option('--evaluate', 'say how well each picture obeys its controls')
    .option('--best-of <number>', 'draw so many for each picture and keep the one that obeys best', numberOrText);
}
