import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An address that a request may not make the server ask, and why. */
export interface ForbiddenAddress {
  readonly why: string;
  readonly url: string;
  /** Whether it is seen from the address itself; a redirect is seen when it is answered. */
  readonly direct: boolean;
}

/** Host names that the server's own resolver answers with addresses inside: lines of a hosts file. */
export const insideNames = `127.0.0.1 localhost
10.20.30.40 private.test
127.0.0.1 loopback.test
169.254.169.254 metadata.test
::ffff:10.0.0.1 mapped.test
fd00::1 unique-local.test
93.184.215.14 mixed.test
192.168.0.1 mixed.test
`;

/** `inside` is a server on loopback that must never be asked; `outside` one that is allowed and sends redirects there. */
export function forbiddenAddresses(inside: number, outside: string, ownNames: boolean): readonly ForbiddenAddress[] {
  const direct: readonly (readonly [string, string])[] = [
    ['loopback', `http://127.0.0.1:${inside}/`],
    ['another loopback address', `http://127.9.9.9:${inside}/`],
    ['decimal', `http://2130706433:${inside}/`],
    ['hexadecimal', `http://0x7f000001:${inside}/`],
    ['octal', `http://017700000001:${inside}/`],
    ['octal parts', `http://0177.0.0.1:${inside}/`],
    ['short form', `http://127.1:${inside}/`],
    ['zero', `http://0:${inside}/`],
    ['unspecified', `http://0.0.0.0:${inside}/`],
    ['full-width digits', `http://１２７.０.０.１:${inside}/`],
    ['percent signs', `http://%31%32%37.0.0.1:${inside}/`],
    ['localhost', `http://localhost:${inside}/`],
    ['localhost with a dot', `http://localhost.:${inside}/`],
    ['IPv6 loopback', `http://[::1]:${inside}/`],
    ['IPv6 unspecified', `http://[::]:${inside}/`],
    ['IPv4-mapped', `http://[::ffff:127.0.0.1]:${inside}/`],
    ['IPv4-mapped in hexadecimal', `http://[::ffff:7f00:1]:${inside}/`],
    ['IPv4-compatible', `http://[::127.0.0.1]:${inside}/`],
    ['NAT64', 'http://[64:ff9b::7f00:1]/'],
    ['6to4', 'http://[2002:7f00:1::]/'],
    ['link-local', 'http://[fe80::1]/'],
    ['unique local', 'http://[fd00:ec2::254]/'],
    ['private 10', 'http://10.0.0.1/'],
    ['private 172.16', 'http://172.16.0.1/'],
    ['private 192.168', 'http://192.168.1.1/'],
    ['carrier-grade NAT', 'http://100.64.0.1/'],
    ['cloud metadata', 'http://169.254.169.254/latest/meta-data/'],
    ['decimal cloud metadata', 'http://2852039166/'],
    ['multicast', 'http://224.0.0.1/'],
    ['broadcast', 'http://255.255.255.255/'],
    ['a user name', `http://user@127.0.0.1:${inside}/`],
    ['a password', `http://example.com:80@127.0.0.1:${inside}/`],
    ['file', 'file:///etc/passwd'],
    ['ftp', 'ftp://127.0.0.1/'],
    ['gopher', 'gopher://127.0.0.1:6379/_INFO'],
    ['a port of mail', 'http://example.com:25/'],
    ['no scheme', '//127.0.0.1/'],
    ['a path', '/etc/passwd'],
  ];
  const targets = [
    `http://127.0.0.1:${inside}/`,
    `http://[::1]:${inside}/`,
    'http://169.254.169.254/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/_INFO',
    `//127.0.0.1:${inside}/`,
    `http://2130706433:${inside}/`,
  ];
  const redirected = [301, 302, 303, 307, 308].flatMap((status) =>
    targets.map((target): readonly [string, string] => [
      `${status} to ${target}`,
      `${outside}/${status}?to=${encodeURIComponent(target)}`,
    ]),
  );
  const names = ['private', 'loopback', 'metadata', 'mapped', 'unique-local', 'mixed'];
  const redirectedNames = names.map((name): readonly [string, string] => {
    const target = `http://${name}.test${name === 'loopback' ? `:${inside}` : ''}/`;
    return [`302 to the name ${name}.test`, `${outside}/302?to=${encodeURIComponent(target)}`];
  });
  const named = names.map((name): readonly [string, string] => [`name with an answer inside`, `http://${name}.test/`]);
  const seen = [...direct, ...(ownNames ? named : [])].map(([why, url]) => ({ why, url, direct: true }));
  return [
    ...seen,
    ...[...redirected, ...(ownNames ? redirectedNames : [])].map(([why, url]) => ({ why, url, direct: false })),
  ];
}

export interface CountingServer {
  readonly port: number;
  /** How many requests came. */
  readonly asked: () => number;
  readonly close: () => void;
}

/** A server inside, at every loopback address of both families: nobody may ask it. */
export async function openTrap(): Promise<CountingServer> {
  const answer: RequestListener = (_request, response) => response.end('secret');
  return await openServer(answer, '::').catch(async () => await openServer(answer, '0.0.0.0'));
}

/** A server that is allowed and answers `/302?to=URL` with that redirect. */
export async function openRedirector(): Promise<CountingServer> {
  return await openServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://outside');
    response.writeHead(Number(pathname.slice(1)), { location: searchParams.get('to') ?? '' }).end();
  });
}

async function openServer(answer: RequestListener, host = '127.0.0.1'): Promise<CountingServer> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    answer(request, response);
  });
  const port = await listen(server, host);
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port, asked: () => asked, close };
}

async function listen(server: Server, host: string): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
