import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Service } from './service.ts';

/** A folder of small models, and the services that draw with them: each is ended and its data are removed with the folder. */
export class SmallServices {
  readonly models: string;
  readonly #running: Service[] = [];

  private constructor(models: string) {
    this.models = models;
  }

  static async inNewFolder(): Promise<SmallServices> {
    return new SmallServices(await mkdtemp(join(tmpdir(), 'armature-small-models-')));
  }

  /** `data` is the folder of a service that was killed; a new one where not told. */
  async start(data?: string): Promise<Service> {
    const flags = ['--models', this.models];
    const started = await Service.start({ flags, ...(data === undefined ? {} : { data }) });
    this.#running.push(started);
    return started;
  }

  async remove(): Promise<void> {
    for (const one of this.#running) {
      await one.stop('SIGKILL');
      await rm(one.data, { recursive: true, force: true });
    }
    await rm(this.models, { recursive: true, force: true });
  }
}
