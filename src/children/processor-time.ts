import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Milliseconds of a tick of proc(5): Linux tells programs of 100 in a second, whatever it counts itself. */
const tickMs = 10;

/** Milliseconds of processor time that a process has used, all its threads together; null where the system does not tell. */
export async function processorMs(pid: number): Promise<number | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // After the name in parentheses comes field 3; 14 and 15 are what it used itself and what the system used for it.
    const fields = stat.slice(stat.lastIndexOf(')')).split(' ');
    return tickMs * (Number(fields[12]) + Number(fields[13]));
  } catch {
    return await run('ps', ['-o', 'time=', '-p', String(pid)]).then(
      ({ stdout }) => clockMs(stdout.trim()),
      () => null,
    );
  }
}

/** `[[days-]hours:]minutes:seconds`, as ps writes it. */
function clockMs(text: string): number | null {
  const [, days = 0, hours = 0, minutes, seconds] = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (minutes === undefined) return null;
  return 1000 * (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds));
}
