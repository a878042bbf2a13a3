/**
 * Whether a child ended by a signal that goes to everybody at once: Ctrl-C in a terminal, a service manager that stops a whole
 * group. Children leave these to their parent, but for the first moment of their life, in which they know nothing of it. That
 * is no fault of what they were given: the parent, which knows whether it stops, gives it to another child.
 *
 * @param signal as a child's `exit` names it.
 */
export function wasToldToEnd(signal: string | null): boolean {
  return signal === 'SIGINT' || signal === 'SIGTERM';
}
