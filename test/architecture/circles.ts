/** What points at what, by name. */
export type Arrows = ReadonlyMap<string, ReadonlySet<string>>;

/** All circles, each as the names that reach each other (the strongly connected components of Tarjan, 1972), sorted. */
export function circles(arrows: Arrows): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (name: string): void => {
    order.set(name, order.size);
    lowest.set(name, order.get(name)!);
    open.push(name);
    for (const next of arrows.get(name) ?? []) {
      if (!order.has(next)) visit(next);
      if (open.includes(next)) lowest.set(name, Math.min(lowest.get(name)!, lowest.get(next)!));
    }
    if (lowest.get(name) !== order.get(name)) return;
    const circle = open.splice(open.indexOf(name));
    if (circle.length > 1) found.push(circle.toSorted());
  };
  for (const name of arrows.keys()) visit(name);
  return found;
}

/** The arrows between what `nameOf` makes of files; those within one name fall away. */
export function arrowsBetween(
  files: readonly { readonly path: string; readonly targets: readonly string[] }[],
  nameOf: (path: string) => string,
): Arrows {
  const arrows = new Map<string, Set<string>>();
  for (const { path, targets } of files) {
    const from = nameOf(path);
    const to = arrows.get(from) ?? new Set<string>();
    arrows.set(from, to);
    for (const name of targets.map(nameOf)) if (name !== from) to.add(name);
  }
  return arrows;
}
