import type { IncomingHttpHeaders } from 'node:http';

/** What is looked at of a request to tell where it comes from. */
export interface Arrival {
  readonly headers: IncomingHttpHeaders;
  /** For which host: the header Host, or X-Forwarded-Host where a trusted proxy says so. */
  readonly host: string;
  /** The target as it stands in the request line. */
  readonly url: string;
}

/** What the operator named beside this machine itself. */
export interface NamedPlaces {
  /** Address under which clients reach the server. */
  readonly publicUrl: string | null;
  /** Origins whose pages may call the API; `*` is all. */
  readonly corsOrigins: readonly string[];
}

/**
 * Where a request comes from: from this machine's `own` programs and pages, from what the operator `named`, or from what is
 * `foreign`, with what shows it and the flag that would let it in.
 */
export type Provenance =
  | { readonly kind: 'own' | 'named' }
  | { readonly kind: 'foreign'; readonly sign: string; readonly flag: string };

/**
 * Tells a request to a server on loopback that was meant for this machine from one by a page of another origin, or by a page
 * whose name was pointed at 127.0.0.1 (DNS rebinding): by Host and Origin, by what browsers say of the page that asks (Fetch
 * Metadata), and by Referer where they say nothing.
 */
export function provenanceOf(arrival: Arrival, named: NamedPlaces): Provenance {
  const hosts = hostsOf(arrival);
  const foreign = hosts.find((host) => !isLoopback(host) && !namesHost(named, host));
  if (foreign !== undefined) return foreignHost(foreign);
  const page = pageOf(arrival, named);
  if (page.kind === 'foreign') return page;
  return hosts.every(isLoopback) ? page : { kind: 'named' };
}

/**
 * The same of a page that holds no data, or of what belongs to it: those may be opened from anywhere and under any name, but
 * not shown in a frame or loaded by a page of another origin.
 */
export function provenanceOfOpening(arrival: Arrival, named: NamedPlaces): Provenance {
  const { host, url } = arrival;
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination, referer: _, ...headers } = arrival.headers;
  if (mode === 'navigate' && destination === 'document') return { kind: 'own' };
  return pageOf({ headers, host, url }, named);
}

/** The page that asks, if it is one. */
function pageOf({ headers, host }: Arrival, named: NamedPlaces): Provenance {
  const site = headers['sec-fetch-site'];
  const origin = headers.origin ?? (site === 'same-origin' || site === 'none' ? undefined : originOf(headers.referer));
  if (origin !== undefined && namesOrigin(named, origin)) return { kind: 'named' };
  if (origin !== undefined && !isOrigin(origin, host)) {
    const shown = origin.slice(0, 200);
    // A page in a sandbox, or a file, has no origin that could be named.
    return {
      kind: 'foreign',
      sign: `from a page of ${shown}`,
      flag: `--cors-origin ${shown === 'null' ? '*' : shown}`,
    };
  }
  if (site === undefined || site === 'same-origin' || site === 'none') return { kind: 'own' };
  return named.corsOrigins.includes('*')
    ? { kind: 'named' }
    : {
        kind: 'foreign',
        sign: `from a page of another origin (${site.slice(0, 20)})`,
        flag: '--cors-origin and the origin of that page',
      };
}

/**
 * All hosts that a request names. A page whose name was pointed here may send any X-Forwarded-Host, but not another Host; and
 * a target in absolute form has a host of its own.
 */
function hostsOf({ headers, host, url }: Arrival): readonly string[] {
  const hosts = [headers.host ?? '', host];
  if (!url.startsWith('/')) hosts.push(URL.canParse(url) ? new URL(url).host : url);
  return hosts;
}

function foreignHost(host: string): Provenance {
  const name = authority(host)?.host ?? null;
  if (name === null) return { kind: 'foreign', sign: 'without the name of a host', flag: '--allow-anonymous' };
  return { kind: 'foreign', sign: `for the host ${name}`, flag: `--public-url http://${name}` };
}

/** Any address of the loopback network, or the name that stands for one everywhere; the port may be a tunnel's. */
function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname(host) ?? '');
}

function namesHost({ publicUrl, corsOrigins }: NamedPlaces, host: string): boolean {
  const name = hostname(host);
  // By its name alone: proxies leave out the port.
  if (name === null) return false;
  return corsOrigins.some((origin) => origin === '*' || isNamed(origin, name)) || isNamed(publicUrl, name);
}

function isNamed(url: string | null, name: string): boolean {
  return url !== null && new URL(url).hostname === name;
}

function namesOrigin({ publicUrl, corsOrigins }: NamedPlaces, origin: string): boolean {
  if (corsOrigins.includes('*') || corsOrigins.includes(origin)) return true;
  return publicUrl !== null && new URL(publicUrl).origin === origin;
}

/** Whether pages of an origin are those that this very server serves under `host`. */
function isOrigin(origin: string, host: string): boolean {
  return originOf(origin) === origin && origin === originOf(`http://${host}`);
}

function originOf(address: string | undefined): string | undefined {
  return address !== undefined && URL.canParse(address) ? new URL(address).origin : undefined;
}

function hostname(host: string): string | null {
  return authority(host)?.hostname.replace(/\.$/, '') ?? null;
}

/** A host with or without a port, as browsers understand it; null for anything else. */
function authority(host: string): URL | null {
  if (!/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}`)) return null;
  return new URL(`http://${host}`);
}
