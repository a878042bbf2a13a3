import { appendFile } from 'node:fs/promises';
import { writeAnew } from '../files/atomic-write.ts';
import { readTextIfThere } from '../files/regular-file.ts';
import type { ValidationFigures } from '../generation/validation-figures.ts';

const mostBytes = 2 ** 28;

/** Figures over time in a file of JSON lines; those of steps that are done anew are left out when a training goes on. */
export class ValidationLog {
  readonly #path: string;
  #figures: readonly ValidationFigures[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  get figures(): readonly ValidationFigures[] {
    return this.#figures;
  }

  async keep(upTo: number): Promise<void> {
    const text = (await readTextIfThere(this.#path, mostBytes)) ?? '';
    this.#figures = text.split('\n').flatMap((line): readonly ValidationFigures[] => {
      const figures = parsed(line);
      return figures === null || figures.step > upTo ? [] : [figures];
    });
    if (text !== '') await writeAnew(this.#path, Buffer.from(this.#figures.map(lineOf).join('')));
  }

  async add(figures: ValidationFigures): Promise<void> {
    await appendFile(this.#path, lineOf(figures));
    this.#figures = [...this.#figures, figures];
  }
}

function lineOf(figures: ValidationFigures): string {
  return `${JSON.stringify(figures)}\n`;
}

/** Null of a line that was cut off when a machine was stopped. */
function parsed(line: string): ValidationFigures | null {
  try {
    return JSON.parse(line) as ValidationFigures;
  } catch {
    return null;
  }
}
