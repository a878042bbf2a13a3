import { Presets, SingleBar } from 'cli-progress';
import type { PullProgress } from '../../models/pull/pull.ts';
import type { PulledFile } from '../../models/pull/pulled-file.ts';

export interface DownloadDisplay {
  readonly show: (progress: PullProgress) => void;
  readonly done: (file: PulledFile) => void;
  readonly stop: () => void;
}

/** A bar over all bytes on a terminal; in a pipe a line for each tenth and each file. On stderr: stdout is for results. */
export function showDownload(stream: NodeJS.WriteStream = process.stderr): DownloadDisplay {
  return stream.isTTY ? bar(stream) : lines(stream);
}

function bar(stream: NodeJS.WriteStream): DownloadDisplay {
  const shown = new SingleBar(
    { stream, hideCursor: true, format: '{bar} {percentage} % of {size} · {eta_formatted} left · {file}' },
    Presets.shades_classic,
  );
  let started = false;
  return {
    show({ file, received, total }) {
      const words = { file, size: megabytes(total) };
      if (!started) shown.start(total, received, words);
      started = true;
      shown.update(received, words);
    },
    done() {},
    stop() {
      if (started) shown.stop();
      started = false;
    },
  };
}

function lines(stream: NodeJS.WriteStream): DownloadDisplay {
  let tenth = 0;
  return {
    show({ received, total }) {
      const reached = total === 0 ? 10 : Math.floor((10 * received) / total);
      if (reached === tenth) return;
      tenth = reached;
      stream.write(`${megabytes(received)} of ${megabytes(total)}\n`);
    },
    done({ path, bytes, sha256 }) {
      stream.write(`${path}  ${megabytes(bytes)}${sha256 === null ? '' : `  sha256 ${sha256}`}\n`);
    },
    stop() {},
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
