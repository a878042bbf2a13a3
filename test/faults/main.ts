/** Runs one scenario: `main.js NAME [--short] [--SIZE NUMBER ...]`. Ends with 1 where a requirement is missed. */
import { Report } from './harness/report.ts';
import { scenarios } from './scenarios.ts';

const [name = '', ...flags] = process.argv.slice(2);
const chosen = scenarios[name];
if (chosen === undefined) {
  for (const [key, { title, sizes }] of Object.entries(scenarios)) {
    const given = Object.entries(sizes).map(([size, value]) => `--${size} ${value}`);
    console.log(`${key.padEnd(16)} ${title}  ${given.join(' ')}`);
  }
  process.exitCode = name === '' ? 0 : 2;
} else if (typeof chosen.missing === 'string') {
  console.log(`${name} cannot be run here: ${chosen.missing}.`);
  process.exitCode = 1;
} else {
  const report = new Report();
  const sizes = readSizes(flags.includes('--short') ? chosen.short : chosen.sizes, flags);
  console.log(`${name}: ${chosen.title} (${JSON.stringify(sizes)})`);
  await chosen.run(sizes, report);
  console.log(report.toString());
  if (report.missed.length > 0) process.exitCode = 1;
}

function readSizes(
  defaults: Readonly<Record<string, number>>,
  given: readonly string[],
): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = { ...defaults };
  for (const [index, flag] of given.entries()) {
    if (!flag.startsWith('--') || flag === '--short') continue;
    const size = flag.slice(2);
    const value = Number(given[index + 1]);
    if (!(size in sizes) || !Number.isFinite(value)) {
      throw new Error(`Expected --short or a number for one of ${Object.keys(sizes).join(', ')} but received ${flag}.`);
    }
    sizes[size] = value;
  }
  return sizes;
}
