import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from '../../generation/job.ts';

type StepsDone = Pick<Progress, 'step' | 'steps'>;

export interface ProgressDisplay {
  /** `note` stands behind it. */
  readonly show: (progress: StepsDone, note?: string) => void;
  readonly stop: () => void;
}

/** A bar on a terminal; in a pipe a line at each tenth of the way. Both on stderr: stdout is for results. */
export function showProgress(stream: NodeJS.WriteStream = process.stderr, unit = 'step'): ProgressDisplay {
  return stream.isTTY ? bar(stream, unit) : lines(stream, unit);
}

/** How far those are together that are drawn at the moment. */
export interface ItemsBeingDrawn extends StepsDone {
  readonly items: number;
}

export interface ItemsDisplay {
  /** Shows the total at once: the first item may take long. */
  readonly begin: (done: number) => void;
  readonly done: (done: number) => void;
  readonly steps: (drawing: ItemsBeingDrawn) => void;
  readonly stop: () => void;
}

/** The same for many items, of which several are drawn at once: on a terminal their steps are shown too. */
export function showItems(stream: NodeJS.WriteStream, items: number): ItemsDisplay {
  if (!stream.isTTY) {
    const { show, stop } = lines(stream, 'item');
    return { begin() {}, done: (step) => show({ step, steps: items }), steps() {}, stop };
  }
  const shown = new SingleBar(
    { stream, hideCursor: true, format: '{bar} item {items}/{total} · {doing} · {eta_formatted} left' },
    Presets.shades_classic,
  );
  let ended = 0;
  let started = false;
  const update = (share: number, doing: string): void => shown.update(ended + share, { items: ended, doing });
  return {
    begin(done) {
      ended = done;
      started = true;
      shown.start(items, done, { items: done, doing: 'waiting' });
    },
    done(done) {
      ended = done;
      update(0, 'drawing');
    },
    steps({ items: drawn, step, steps }) {
      update(Math.min((drawn * step) / steps, items - ended), `step ${step}/${steps} of ${drawn}`);
    },
    stop() {
      if (started) shown.stop();
    },
  };
}

function bar(stream: NodeJS.WriteStream, unit: string): ProgressDisplay {
  const shown = new SingleBar(
    { stream, hideCursor: true, format: `{bar} ${unit} {value}/{total} · {eta_formatted} left{note}` },
    Presets.shades_classic,
  );
  let started = false;
  return {
    show({ step, steps }, note = '') {
      const payload = { note: note === '' ? '' : ` · ${note}` };
      if (!started) shown.start(steps, 0, payload);
      started = true;
      shown.update(step, payload);
    },
    stop() {
      if (started) shown.stop();
    },
  };
}

function lines(stream: NodeJS.WriteStream, unit: string): ProgressDisplay {
  let tenth = -1;
  return {
    show({ step, steps }, note = '') {
      const reached = Math.floor((10 * step) / steps);
      if (reached === tenth) return;
      tenth = reached;
      stream.write(`${unit} ${step}/${steps}${note === '' ? '' : `  ${note}`}\n`);
    },
    stop() {},
  };
}
