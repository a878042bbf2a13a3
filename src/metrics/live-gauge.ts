import { Gauge, type Registry } from 'prom-client';

export interface LiveValue {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface LiveGaugeOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  readonly registers: Registry[];
  /** Asked each time the metrics are read. What cannot be told is left out of them, and so is everything when it throws. */
  readonly read: () => Promise<readonly LiveValue[]>;
}

/** A gauge that nobody sets: its values are looked up. */
export function liveGauge({ name, help, labelNames = [], registers, read }: LiveGaugeOptions): void {
  // To reset a gauge without labels is to set it to zero, which is something else than not known.
  const clear = (): void => (labelNames.length === 0 ? gauge.remove() : gauge.reset());
  const gauge = new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers,
    async collect() {
      const values = await read().catch(() => []);
      clear();
      for (const { labels = {}, value } of values) this.set(labels, value);
    },
  });
  clear();
}
