import { describe, expect, it } from 'vitest';
import { noiseScheduleFrom } from '../../src/schedulers/scheduler-config.ts';
import { stableDiffusionSchedule } from '../../src/weights/configs/stable-diffusion-schedule.ts';
import { dpmSolver } from '../../src/schedulers/dpm-solver.ts';
import { uniPc } from '../../src/schedulers/unipc.ts';

describe('noiseScheduleFrom', () => {
  it('reads the schedule of Stable Diffusion, which a model without a file is taken to have', () => {
    const { schedule, samplerDefaults } = noiseScheduleFrom(stableDiffusionSchedule);
    expect(schedule).toEqual({
      trainTimesteps: 1000,
      betaStart: 0.00085,
      betaEnd: 0.012,
      betaSchedule: 'scaled_linear',
      trainedBetas: null,
      predictionType: 'epsilon',
      rescaleBetasZeroSnr: false,
    });
    expect(samplerDefaults).toEqual({ stepsOffset: 1, setAlphaToOne: false, clipSample: false });
  });

  it('has the betas of DDPM where a file gives none', () => {
    expect(noiseScheduleFrom({}).schedule).toMatchObject({ betaStart: 0.0001, betaEnd: 0.02, betaSchedule: 'linear' });
    expect(noiseScheduleFrom({ _class_name: 'LCMScheduler' }).schedule).toMatchObject({ betaStart: 0.00085 });
  });

  it('gives only what the file says', () => {
    const { samplerDefaults } = noiseScheduleFrom({
      timestep_spacing: 'leading',
      use_karras_sigmas: false,
      sigma_min: null,
    });
    expect(samplerDefaults).toEqual({ timestepSpacing: 'leading', sigmaSpacing: 'schedule', clipSample: false });
  });

  it('translates the solver kinds of other classes', () => {
    const forUniPc = noiseScheduleFrom({ solver_type: 'bh1' }).samplerDefaults;
    const forDpm = noiseScheduleFrom({ solver_type: 'heun', algorithm_type: 'deis' }).samplerDefaults;
    expect(dpmSolver.resolve(forUniPc)).toMatchObject({ solverType: 'midpoint' });
    expect(dpmSolver.resolve(forDpm)).toMatchObject({ solverType: 'heun', algorithmType: 'dpmsolver++' });
    expect(uniPc.resolve(forDpm)).toMatchObject({ solverType: 'bh2' });
  });

  it.each([
    [{ beta_schedule: 'sigmoid' }, /beta_schedule .* "squaredcos_cap_v2" but received "sigmoid"/],
    [{ prediction_type: 'flow_prediction' }, /prediction_type/],
    [{ prediction_type: 7 }, /prediction_type .* received 7/],
    [{ num_train_timesteps: 0 }, /num_train_timesteps/],
    [{ beta_start: -1 }, /beta_start/],
    [{ trained_betas: [0.1, 0.2] }, /1000 trained_betas but there are 2/],
    [{ timestep_spacing: 'even' }, /timestep_spacing/],
    [{ steps_offset: 0.5 }, /steps_offset/],
    [{ clip_sample: 'no' }, /clip_sample/],
    [{ use_karras_sigmas: true, use_beta_sigmas: true }, /at most one of use_karras_sigmas, use_beta_sigmas/],
    [{ thresholding: true }, /thresholding/],
    [{ use_flow_sigmas: true }, /use_flow_sigmas/],
    [{ interpolation_type: 'log_linear' }, /interpolation_type/],
    [{ variance_type: 'learned_range' }, /variance_type/],
    [{ _class_name: 'FlowMatchEulerDiscreteScheduler' }, /flow matching/],
    [{ rescale_betas_zero_snr: true }, /v_prediction/],
  ])('refuses %j', (config, message) => {
    expect(() => noiseScheduleFrom(config)).toThrow(
      expect.objectContaining({ code: 'model_invalid', message: expect.stringMatching(message) as string }),
    );
  });

  it.each([
    [dpmSolver, { algorithmType: 'dpmsolver' }, /sigma_min/],
    [dpmSolver, { solverOrder: 4 }, /1, 2 or 3/],
    [dpmSolver, { algorithmType: 'sde-dpmsolver', solverOrder: 3, finalSigmasType: 'sigma_min' }, /1 or 2/],
    [uniPc, { predictX0: false }, /sigma_min/],
    [uniPc, { lowerOrderFinal: false }, /sigma_min/],
    [uniPc, { solverOrder: 0 }, /1, 2 or 3/],
  ] as const)('refuses combinations that cannot be solved: %#', (family, given, message) => {
    const { schedule } = noiseScheduleFrom(stableDiffusionSchedule);
    const create = (): unknown =>
      family === dpmSolver
        ? dpmSolver.create(schedule, 10, dpmSolver.resolve(given))
        : uniPc.create(schedule, 10, uniPc.resolve(given));
    expect(create).toThrow(
      expect.objectContaining({ code: 'model_invalid', message: expect.stringMatching(message) as string }),
    );
  });
});
