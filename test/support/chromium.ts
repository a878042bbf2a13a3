import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { installed, missing } from './missing.ts';

const binary = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** What a suite adds to its name where no browser is installed, or null. */
export const chromiumMissing = missing('chromium', binary);

/** A real browser without a window; `hosts` are names that it takes for this machine. */
export async function startChromium(hosts: readonly string[] = []): Promise<Browser> {
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(', ');
  return await chromium.launch({
    executablePath: installed('chromium', binary),
    args: ['--no-sandbox', '--disable-gpu', `--host-resolver-rules=${rules}`],
  });
}
