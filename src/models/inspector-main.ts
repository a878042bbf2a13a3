import { inspect } from './inspect.ts';
import type { FromInspector, ToInspector } from './inspector-protocol.ts';

/** Entry of the child that looks into models. It ends with its parent, or when that lets it go. */
process.on('message', ({ id, asked }: ToInspector) => {
  void inspect(...asked).then((finding) => process.send?.({ id, finding } satisfies FromInspector));
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C and service managers reach the whole group; the parent decides when the child has to go.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
