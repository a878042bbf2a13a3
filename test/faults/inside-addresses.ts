/** Requests that name addresses inside, wherever a request may name one: all refused, and nobody inside is asked. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inlinePicture, type JobView, root, Service } from '../support/service.ts';
import type { Report } from './harness/report.ts';
import { scenario } from './harness/scenario.ts';
import {
  type ForbiddenAddress,
  forbiddenAddresses,
  insideNames,
  openRedirector,
  openTrap,
} from './strangers/addresses.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** Names that lead inside need a hosts file of the server's own, which only root can give it. */
const ownNames = process.getuid?.() === 0;

export const insideAddresses = scenario({
  title: 'addresses inside are not asked',
  alone: true,
  sizes: { deliverySeconds: 60 },
  short: { deliverySeconds: 60 },
  async run({ deliverySeconds }, report) {
    const folder = mkdtempSync(join(tmpdir(), 'armature-hosts-'));
    const [trap, redirector] = await Promise.all([openTrap(), openRedirector()]);
    const outside = `127.0.0.1:${redirector.port}`;
    const flags = ['--provider', 'cpu', '--allow-fetch', outside];
    const service = await Service.start({ flags, ...(ownNames ? { launcher: launcherWith(folder) } : {}) });
    try {
      const addresses = forbiddenAddresses(trap.port, `http://${outside}`, ownNames);
      report.figure('addresses', addresses.length);
      report.figure('names that lead inside', ownNames ? 'among them' : 'left out: they need root');
      const redirects = addresses.filter(({ direct }) => !direct);
      for (const [place, request] of Object.entries(pictureRequests)) {
        const asked = redirector.asked();
        await refuseAll(service, place, addresses, request, report);
        // Or the redirects themselves were never come to.
        report.atLeast(`${place}: answered with a redirect`, redirector.asked() - asked, redirects.length);
      }
      const seen = addresses.filter(({ direct }) => direct);
      for (const [place, request] of Object.entries(webhookRequests)) {
        await refuseAll(service, place, seen, request, report);
      }
      const before = redirector.asked();
      await endWithWebhooks(service, redirects);
      await untilAsked(redirector.asked, before + redirects.length, deliverySeconds);
      report.atLeast('webhooks that were answered with a redirect', redirector.asked() - before, redirects.length);
      // Who followed the last of them would be on its way now.
      await pause(1000);
      report.exactly('requests that came inside', trap.asked(), 0);
      report.exactly('the server is alive', (await service.fetch('/livez')).status, 200);
    } finally {
      await service.stop();
      trap.close();
      redirector.close();
      rmSync(folder, { recursive: true });
    }
  },
});

type RequestFor = (url: string) => readonly [path: string, body: object];

const controlled = (url: string): object => ({ prompt: 'x', controls: [{ type: 'canny', image: { url } }] });
const masked = (url: string): object => ({ image: { picture: { url }, mask: { url } } });
const regional = (url: string): object => ({
  prompt: 'x',
  controls: [{ type: 'canny', image: { url }, mask: { url } }],
});

/** A picture that need not be fetched. */
const here = inlinePicture(readFileSync(new URL('test/diorama/scenes/00_canny.png', root)));

/** Wherever a picture may be named by its address. */
const pictureRequests: Readonly<Record<string, RequestFor>> = {
  'picture of a control': (url) => ['/v1/generations', controlled(url)],
  'picture and mask': (url) => ['/v1/conditions/inpaint', masked(url)],
  'region of a control': (url) => ['/v1/generations', regional(url)],
  'picture of an extraction': (url) => ['/v1/conditions/canny', { image: { url } }],
  'picture that is drawn over': (url) => ['/v1/generations', { prompt: 'x', init_image: { url } }],
  'mask of what is drawn over': (url) => ['/v1/generations', { prompt: 'x', init_image: here, mask_image: { url } }],
  'picture that is made larger': (url) => ['/v1/upscales', { image: { url }, scale: 2 }],
  'picture of a batch': (url) => ['/v1/batches', { items: [controlled(url)] }],
};

/** Wherever a receiver may be named. */
const webhookRequests: Readonly<Record<string, RequestFor>> = {
  'webhook of a generation': (url) => ['/v1/generations', { prompt: 'x', webhook: { url, secret } }],
  'webhook of a batch': (url) => ['/v1/batches', { items: [{ prompt: 'x' }], webhook: { url, secret } }],
  'webhook of an item': (url) => ['/v1/batches', { items: [{ prompt: 'x', webhook: { url, secret } }] }],
};

async function refuseAll(
  service: Service,
  place: string,
  addresses: readonly ForbiddenAddress[],
  request: RequestFor,
  report: Report,
): Promise<void> {
  const codes: Record<string, number> = {};
  let taken = 0;
  for (const { why, url } of addresses) {
    const { status, code } = await send(service, request(url));
    codes[`${status} ${code}`] = (codes[`${status} ${code}`] ?? 0) + 1;
    // What is asked and gives no answer is another code: fetch_failed.
    if (status === 400 && code === 'fetch_refused') continue;
    taken += 1;
    report.figure(`${place}: ${why} (${url})`, `${status} ${code}`);
  }
  report.figure(
    `${place}: answers`,
    Object.entries(codes)
      .map(([code, count]) => `${code}: ${count}`)
      .join(', '),
  );
  report.exactly(`${place}: not refused`, taken, 0);
}

async function send(
  service: Service,
  [path, body]: readonly [string, object],
): Promise<{ readonly status: number; readonly code: string }> {
  const headers = { 'content-type': 'application/json' };
  const response = await service.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const { code = 'none' } = (await response.json()) as { readonly code?: string };
  return { status: response.status, code };
}

/** Jobs whose ends are told to receivers that answer with a redirect. */
async function endWithWebhooks(service: Service, redirects: readonly ForbiddenAddress[]): Promise<void> {
  for (const { url } of redirects) {
    const job: JobView = await service.submit({ prompt: 'x', steps: 1, webhook: { url, secret } });
    await service.fetch(`/v1/generations/${job.id}/cancel`, { method: 'POST' });
  }
}

async function untilAsked(asked: () => number, count: number, seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (asked() < count && performance.now() < deadline) await pause(100);
}

/** What gives a process a hosts file of its own, in a mount namespace of its own. */
function launcherWith(folder: string): readonly string[] {
  const hosts = join(folder, 'hosts');
  writeFileSync(hosts, insideNames);
  return ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
}
