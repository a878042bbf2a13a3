import type { Command } from 'commander';
import { describeFamily, findBase, findControlNet } from '../../generation/catalog.ts';
import type { BaseModel, ControlNetModel } from '../../generation/model.ts';
import { libraryOf } from '../../service/library.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { table } from '../terminal/table.ts';
import type { Prediction } from '../../schedulers/prediction-type.ts';

export function addShow(models: Command): void {
  const show = models
    .command('show')
    .description('what is known of a model, and who says so')
    .argument('<id>', 'base model or ControlNet, as `armature models list` calls it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  armature models show my-model\n')
    .action(async (id: string, options: { json?: true }) => {
      const found = await (await libraryOf(configOf(show))).list();
      const model = found.controlNets.some((controlNet) => controlNet.id === id)
        ? findControlNet(found, id, 'id')
        : findBase(found, id, 'id');
      const { path: _path, owner: _owner, ...known } = model;
      console.log(options.json === true ? JSON.stringify(known, null, 2) : describe(model));
    });
  addSettings(show, ['data', 'models']);
}

/** `v_prediction (marker)`, `epsilon (assumed)`. */
export function describePrediction({ type, zeroSnr, decidedBy }: Prediction): string {
  const who = decidedBy === 'weights' || decidedBy === 'family' ? 'assumed' : decidedBy;
  return `${type}${zeroSnr ? ', zero SNR' : ''} (${who})`;
}

function describe(model: BaseModel | ControlNetModel): string {
  const rows: (readonly [string, string])[] = [
    ['kind', model.kind === 'base' ? 'base model' : 'ControlNet'],
    ['title', model.title],
    ['licence', model.licence ?? 'unknown'],
    ['family', describeFamily(model.family)],
    ['files', model.layout === 'diffusers' ? 'diffusers folder' : 'single file'],
    ['hash', model.hash],
    ...(model.kind === 'base' ? baseRows(model) : controlNetRows(model)),
  ];
  return table(['MODEL', model.id], rows);
}

function baseRows({ prediction, defaults, textLayers }: BaseModel): (readonly [string, string])[] {
  const { width, height, steps, guidanceScale, scheduler } = defaults;
  return [
    ['predicts', describePrediction(prediction)],
    ['decided by', prediction.source],
    ...(prediction.contradiction === null ? [] : [['contradiction', prediction.contradiction] as const]),
    ['text layers', String(textLayers)],
    ['defaults', `${width}x${height}, ${steps} steps, guidance ${guidanceScale}, ${scheduler}`],
  ];
}

function controlNetRows({ type, bundledWith }: ControlNetModel): (readonly [string, string])[] {
  return [
    ['for', type ?? '? (armature models set-type)'],
    ['came with', bundledWith ?? '-'],
  ];
}
