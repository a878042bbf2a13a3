import { ArmatureError } from '../../../errors.ts';
import type { LoraWay } from '../../../generation/lora-ways.ts';
import type { ModelList } from '../../../generation/models/model-list.ts';
import type { BaseModel } from '../../../generation/models/base.ts';
import type { LoraModel } from '../../../generation/models/lora.ts';
import { actsIn, passesOf } from '../../../generation/passes.ts';
import type { GenerationPlan, PlannedLora } from '../../../generation/plan.ts';
import { fittingLoras } from '../../../generation/resolve-loras.ts';
import { openDecidedBase } from '../../../weights/checkpoint.ts';
import { openLoraFile } from '../../../weights/lora/lora-file.ts';
import { loraTargets } from '../../../weights/lora/lora-targets.ts';
import { type LoraTargets, matchLora } from '../../../weights/lora/match-lora.ts';
import { remembered } from '../contract/remembered.ts';

/** What a LoRA changes of a base model. */
interface Fit {
  readonly matched: number;
  readonly unmatched: number;
  /** The first of those that the model does not have. */
  readonly missing: readonly string[];
  readonly changesUNet: boolean;
  readonly changesText: boolean;
  /** Whether all of it can run beside the layers. */
  readonly lowRank: boolean;
}

/** A plan whose LoRAs are known to fit. */
export interface SettledLoras {
  readonly plan: GenerationPlan;
  readonly warnings: readonly string[];
}

/** Pairs of a base model and a LoRA that are remembered, and base models whose layers are. */
const mostFits = 2000;
const mostTargets = 8;
/** Layers that a warning names. */
const mostNamed = 5;

/** Which LoRAs have layers that a base model has, found out from the headers of both, once for each pair. */
export class LoraFits {
  readonly #fits = new Map<string, Promise<Fit>>();
  readonly #targets = new Map<string, Promise<LoraTargets>>();

  /**
   * A plan that was just resolved against `models` with the way in which its LoRAs act, and what there is to say of them. Throws `incompatible_lora` where one changes no
   * layer of the base model or has other shapes, with those that may fit as choices.
   */
  async settle(plan: GenerationPlan, models: ModelList): Promise<SettledLoras> {
    const passes = passesOf(plan);
    const { loras = [] } = plan;
    if (loras.length === 0) return { plan, warnings: [] };
    const warnings: string[] = [];
    const ways = new Set<LoraWay>();
    for (const [index, planned] of loras.entries()) {
      const lora = models.loras.find(({ id }) => id === planned.model.id);
      const acting = passes.filter((pass) => actsIn(planned.passes, pass));
      for (const id of new Set(acting.map(({ model }) => model.id))) {
        const base = models.bases.find((one) => one.id === id);
        if (base === undefined || lora === undefined) continue;
        const fit = await this.#fit(base, lora).catch((error: unknown) => {
          if (!(error instanceof ArmatureError)) throw error;
          const choices = fittingLoras(base, models).filter((other) => other !== lora.id);
          throw new ArmatureError(error.code, error.message, { field: `loras[${index}].model`, choices, cause: error });
        });
        warnings.push(...remarksOnFit(fit, base, planned).map((text) => `loras[${index}] (${lora.id}) ${text}`));
        if (!isOff(planned)) ways.add(fit.lowRank ? 'branches' : 'merged');
      }
    }
    // With one that has to be merged, all are: a variant is loaded anyway.
    const applied = ways.has('merged') ? 'merged' : 'branches';
    return { plan: { ...plan, loras: loras.map((lora) => ({ ...lora, applied })) }, warnings };
  }

  async #fit(base: BaseModel, lora: LoraModel): Promise<Fit> {
    const key = JSON.stringify([base.id, base.hash, lora.id, lora.hash]);
    return await remembered(this.#fits, mostFits, key, async () => await this.#work(base, lora), isMisfit);
  }

  async #work(base: BaseModel, lora: LoraModel): Promise<Fit> {
    const open = async () => loraTargets(await openDecidedBase(base));
    const targets = await remembered(this.#targets, mostTargets, JSON.stringify([base.id, base.hash]), open, isMisfit);
    const { matched, unmatched, deltas, lowRank } = await matchLora(await openLoraFile(lora.path), targets, base.id);
    return {
      matched,
      unmatched: unmatched.length,
      lowRank,
      missing: unmatched.slice(0, mostNamed),
      changesUNet: deltas.unet.size > 0,
      changesText: deltas.text.size + deltas.text_2.size > 0,
    };
  }
}

function remarksOnFit(
  { matched, unmatched, missing, changesUNet, changesText }: Fit,
  base: BaseModel,
  lora: PlannedLora,
): readonly string[] {
  const { scale, textEncoderScale } = lora;
  const remarks: string[] = [];
  if (unmatched > 0) {
    const names = missing.map((name) => name.slice(0, 100)).join(', ');
    const more = unmatched > missing.length ? ` and ${unmatched - missing.length} more` : '';
    remarks.push(
      `has ${unmatched} of ${matched + unmatched} layers that the model ${base.id} does not have, which do not act: ${names}${more}.`,
    );
  }
  const acts = (scale !== 0 && changesUNet) || (textEncoderScale !== 0 && changesText);
  if (!isOff(lora) && !acts) {
    const [only, field] = changesUNet ? ['UNet', 'scale'] : ['text encoder', 'text_encoder_scale'];
    remarks.push(`changes the ${only} alone, and its ${field} is 0: it does not act.`);
  }
  return remarks;
}

function isOff({ scale, textEncoderScale }: PlannedLora): boolean {
  return scale === 0 && textEncoderScale === 0;
}

/** What does not fit never will; a file that could not be read may be there the next time. */
function isMisfit(error: unknown): boolean {
  return error instanceof ArmatureError && error.code === 'incompatible_lora';
}
