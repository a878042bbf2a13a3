import { ArmatureError } from '../../../errors.ts';
import type { BaseModel } from '../../../generation/models/base.ts';
import { type ControlNetModel, misfit, typesOf } from '../../../generation/models/controlnet.ts';
import type { ModelList } from '../../../generation/models/model-list.ts';
import { actsIn, passesOf } from '../../../generation/passes.ts';
import type { GenerationPlan } from '../../../generation/plan.ts';
import { openDecidedBase, openControlNetOnBase } from '../../../weights/checkpoint.ts';
import { requireCompleteControlNet } from '../../../weights/complete.ts';
import { remembered } from '../contract/remembered.ts';

/** Pairs of a base model and a ControlNet that are remembered. */
const mostPairs = 2000;

/** Which ControlNets that change a base model's own weights are whole on one, found out from the headers of both, once for each pair. */
export class ControlFits {
  readonly #pairs = new Map<string, Promise<void>>();

  /**
   * Makes sure that each such ControlNet of a plan, which was just resolved against `models`, can be opened on the base models of the passes that it acts in.
   * Throws `incompatible_control` where one can't, with those that may fit as choices.
   */
  async require(plan: GenerationPlan, models: ModelList): Promise<void> {
    const passes = passesOf(plan);
    for (const [index, planned] of plan.controls.entries()) {
      const net = models.controlNets.find(({ id }) => id === planned.model.id);
      if (net === undefined || net.changes === null) continue;
      const acting = passes.filter((pass) => actsIn(planned.passes, pass));
      for (const id of new Set(acting.map(({ model }) => model.id))) {
        const base = models.bases.find((one) => one.id === id);
        if (base === undefined) continue;
        await this.#pair(base, net).catch((error: unknown) => {
          if (!(error instanceof ArmatureError)) throw error;
          const choices = othersThatFit(base, net, planned.type, models);
          const field = `controls[${index}].model`;
          throw new ArmatureError('incompatible_control', error.message, { field, choices, cause: error });
        });
      }
    }
  }

  async #pair(base: BaseModel, net: ControlNetModel): Promise<void> {
    const key = JSON.stringify([base.id, base.hash, net.id, net.hash]);
    await remembered(this.#pairs, mostPairs, key, () => requireWhole(base, net), isMisfit);
  }
}

async function requireWhole(base: BaseModel, net: ControlNetModel): Promise<void> {
  const changes = await openControlNetOnBase(net.path);
  if (changes === null) return;
  const controlnet = changes.on(await openDecidedBase(base), base.id);
  requireCompleteControlNet({ controlnet }, `${net.id} on ${base.id}`);
}

function othersThatFit(base: BaseModel, net: ControlNetModel, type: string, models: ModelList): readonly string[] {
  const fitting = models.controlNets.filter((other) => other.id !== net.id && misfit(base, other) === null);
  return fitting.filter((other) => typesOf(other)?.includes(type) === true).map(({ id }) => id);
}

/** A file that could not be read may be there the next time; weights that do not fit never will. */
function isMisfit(error: unknown): boolean {
  return error instanceof ArmatureError && error.code === 'incompatible_control';
}
