import type { FastifyInstance } from 'fastify';

/** Which methods a path answers to: tells a wrong method from a wrong path. */
export interface AllowedMethods {
  /** Sorted; empty where there is no such path. */
  of(path: string): readonly string[];
}

/** Learns the routes that are registered after this call. */
export function watchRoutes(app: FastifyInstance): AllowedMethods {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', (route) => {
    const methods = typeof route.method === 'string' ? [route.method] : route.method;
    routes.push({ pattern: pathPattern(route.url), methods });
  });
  return {
    of: (path) => {
      const matching = routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
      return [...new Set(matching)].filter((method) => method !== 'OPTIONS').toSorted();
    },
  };
}

function pathPattern(url: string): RegExp {
  return new RegExp(`^${url.split('/').map(segmentPattern).join('/')}$`);
}

function segmentPattern(segment: string): string {
  if (segment === '*') return '.*';
  return segment.startsWith(':') ? '[^/]+' : segment.replaceAll('.', '\\.');
}
