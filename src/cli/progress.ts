import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from '../generation/job.ts';

export interface ProgressDisplay {
  readonly show: (progress: Progress) => void;
  readonly stop: () => void;
}

/** A bar on a terminal; in a pipe a line at each tenth of the way. Both on stderr: stdout is for results. */
export function showProgress(stream: NodeJS.WriteStream = process.stderr, unit = 'step'): ProgressDisplay {
  return stream.isTTY ? bar(stream, unit) : lines(stream, unit);
}

function bar(stream: NodeJS.WriteStream, unit: string): ProgressDisplay {
  const shown = new SingleBar(
    { stream, hideCursor: true, format: `{bar} ${unit} {value}/{total} · {eta_formatted} left` },
    Presets.shades_classic,
  );
  let started = false;
  return {
    show({ step, steps }) {
      if (!started) shown.start(steps, 0);
      started = true;
      shown.update(step);
    },
    stop() {
      if (started) shown.stop();
    },
  };
}

function lines(stream: NodeJS.WriteStream, unit: string): ProgressDisplay {
  let tenth = -1;
  return {
    show({ step, steps }) {
      const reached = Math.floor((10 * step) / steps);
      if (reached === tenth) return;
      tenth = reached;
      stream.write(`${unit} ${step}/${steps}\n`);
    },
    stop() {},
  };
}
