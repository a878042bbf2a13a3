/** Milliseconds of the processor below which a measurement says nothing. */
const least = 50;
const rounds = 5;

/**
 * How much more processor time `work` takes for twice the size: 2 where it is linear, 4 where it is quadratic. Each is the median of
 * five; what is too quick to measure is done several times.
 */
export async function growth(work: (size: number) => Promise<void> | void, size: number): Promise<number> {
  let times = 1;
  while ((await cost(work, size, times)) < least) times *= 2;
  const once: number[] = [];
  const twice: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    once.push(await cost(work, size, times));
    twice.push(await cost(work, 2 * size, times));
  }
  return median(twice) / median(once);
}

async function cost(work: (size: number) => Promise<void> | void, size: number, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time += 1) await work(size);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
