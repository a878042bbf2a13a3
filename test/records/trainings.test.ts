import { expect, it } from 'vitest';
import type { MadeModel } from '../../src/generation/made-model.ts';
import type { TrainingLook } from '../../src/generation/training-look.ts';
import { requireModelQuota } from '../../src/records/trainings/model-quota.ts';
import { newJobId } from '../../src/records/schema/ids.ts';
import { newJob, result } from './conformance.ts';
import { onEveryDatabase } from './databases.ts';

function look(step: number, loss: number): TrainingLook {
  const file = { name: 'picture.png', sha256: '00', bytes: 3, parts: [{ key: 'a', bytes: 3 }] };
  return {
    figures: {
      step,
      loss,
      ranges: [1, 2, 3, 4],
      measure: 'fidelity',
      own: 0.9,
      shuffled: 0.1,
      g: 0.8,
      interval: [0.7, 0.9],
      ceiling: 0.95,
      maps: 4,
      holds: true,
    },
    trainingLoss: null,
    channels: { with: { mean: [0.1, 0.2, 0.3], spread: [0, 0, 0] }, without: null },
    pictures: [{ prompt: 'a square', seed: 3, map: null, picture: file, without: file }],
  };
}

onEveryDatabase('trainings', (records) => {
  let made = 0;
  /** A training of a tenant that has ended with a model. */
  const train = async (tenant: string, condition: string | null): Promise<MadeModel> => {
    const job = newJob(tenant, { id: newJobId('long') });
    await records().insertJob(job);
    const attempt = (await records().startAttempt(tenant, job.id))!.attempt;
    const id = `model-${(made += 1)}`;
    const files = [{ name: 'a.safetensors', sha256: '00', bytes: 3, parts: [{ key: `${id}/0`, bytes: 3 }] }];
    const model = { id, tenant, jobId: job.id, kind: 'controlnet', condition, files };
    expect(await records().trainings.noteReport(job.id, attempt + 1, {})).toBe(false);
    expect(await records().trainings.noteCheckpoint(job.id, attempt + 1, 5)).toBe(false);
    expect(await records().commitResult(job.id, attempt + 1, result, model)).toBe(false);
    expect(await records().trainings.find(id)).toBeNull();
    expect(await records().commitResult(job.id, attempt, result, model)).toBe(true);
    expect(await records().trainings.noteReport(job.id, attempt, {})).toBe(false);
    return model;
  };

  it('leave a model of their tenant, of which each look says whose it is and no more', async () => {
    const model = await train('maker', 'drawn-lines');
    const { trainings } = records();
    expect(await trainings.owners()).toContainEqual({ id: model.id, tenant: 'maker', published: false });
    expect(await trainings.find(model.id)).toMatchObject({ ...model, bytes: 3 });
    expect(await trainings.madeBy('another', model.jobId)).toBeNull();
    expect(await trainings.deleteModel('another', model.id)).toBeNull();
    expect(await trainings.deleteModel('maker', model.id)).toMatchObject({ id: model.id });
    expect(await trainings.publish(model.id, true)).toEqual({ kind: 'absent' });
  });

  it('of one tenant have so many bytes together, but for those that everybody sees', async () => {
    const { trainings } = records();
    expect(await trainings.bytesOf('holder')).toBe(0);
    const [one] = [await train('holder', null), await train('holder', null), await train('another holder', null)];
    expect(await trainings.bytesOf('holder')).toBe(6);
    await trainings.publish(one.id, false);
    expect(await trainings.bytesOf('holder')).toBe(3);
    await expect(requireModelQuota(trainings, 'holder', 3)).rejects.toMatchObject({ code: 'quota_exceeded' });
    await requireModelQuota(trainings, 'holder', 4);
  });

  it('keep what was found in files of strangers, whatever characters that has', async () => {
    const { id, tenant } = await records().insertJob(newJob('strangers', { id: newJobId('long') }));
    const { attempt } = (await records().startAttempt(tenant, id))!;
    expect(await records().trainings.noteReport(id, attempt, { first: ['a\0b', '\ud83d'] })).toBe(true);
    expect(await records().trainings.report(id)).toEqual({ first: ['a\ufffdb', '\ufffd'] });
    await records().faults.note(id, attempt, 'strike', { code: 'invalid_set', detail: 'a\0' });
    const again = (await records().startAttempt(tenant, id))!;
    expect(again.lastFault).toMatchObject({ detail: 'a\ufffd' });
    expect(await records().failAttempt(id, again.attempt, { code: 'invalid_set', detail: '\ud800' })).toBe(true);
    expect((await records().findJob(tenant, id))!.error).toMatchObject({ detail: '\ufffd' });
  });

  it('show what they learn by step, of which each is told of once', async () => {
    const { id, tenant } = await records().insertJob(newJob('shown', { id: newJobId('long') }));
    const { attempt } = (await records().startAttempt(tenant, id))!;
    const { trainings } = records();
    const notice = { code: 'control_took_hold', step: 10, message: 'It took hold.' };
    for (const step of [0, 10, 20, 10]) {
      expect(await trainings.noteLook(id, attempt + 1, look(step, 9))).toBe(false);
      expect(await trainings.noteLook(id, attempt, look(step, step / 10))).toBe(true);
    }
    expect(await trainings.noteLook(id, attempt, look(10, 5))).toBe(true);
    for (let time = 0; time < 2; time++) expect(await trainings.noteNotice(id, attempt, notice)).toBe(true);
    expect(await trainings.noteNotice(id, attempt, { ...notice, step: 20 })).toBe(true);
    expect(await trainings.noteNotice(id, attempt + 1, { ...notice, step: 30 })).toBe(false);
    expect(await trainings.looks(id, { after: -1, limit: 2 })).toEqual([look(0, 0), look(10, 5)]);
    expect(await trainings.looks(id, { after: 10, limit: 2 })).toEqual([look(20, 2)]);
    expect([await trainings.look(id, 20), await trainings.look(id, 15)]).toEqual([look(20, 2), null]);
    expect(await trainings.notices(id)).toEqual([notice, { ...notice, step: 20 }]);
    const told = (await records().eventsAfter(id, 0)).filter(({ type }) => type === 'validation' || type === 'notice');
    expect(told.map(({ type, data }) => [type, data['step'], data['attempt']])).toEqual([
      ['validation', 0, attempt],
      ['validation', 10, attempt],
      ['validation', 20, attempt],
      ['notice', 10, attempt],
      ['notice', 20, attempt],
    ]);
    expect(await records().failAttempt(id, attempt, { code: 'invalid_set', detail: 'no' })).toBe(true);
    expect(await trainings.noteLook(id, attempt, look(30, 1))).toBe(false);
    await records().deleteJob(tenant, id);
    expect(await trainings.looks(id, { after: -1, limit: 2 })).toEqual([]);
  });

  it('are charged for what they cost once that is known, once', async () => {
    const { id } = await records().insertJob(newJob('payer', { id: newJobId('long') }));
    const { attempt } = (await records().startAttempt('payer', id))!;
    const { trainings, usage } = records();
    const payer = { account: 'account', kind: 'day', start: '2026-11-30T00:00:00.000Z' } as const;
    const spent = async (): Promise<number> => await usage.read({ ...payer, start: new Date(payer.start) });
    await trainings.settleCost(id, attempt, 1000, null);
    expect(await trainings.settleCost(id, attempt + 1, 5000, payer)).toBe(false);
    expect(await spent()).toBe(0);
    for (let time = 0; time < 2; time++) {
      expect(await trainings.settleCost(id, attempt, 5000, payer)).toBe(true);
      expect(await spent()).toBe(4000);
    }
  });

  it('make models of one name, of which one alone is for everybody, also where two are published at once', async () => {
    const models = [await train('first', 'my-map'), await train('second', 'my-map')];
    const { trainings } = records();
    const outcomes = await Promise.all(models.map(async ({ id }) => await trainings.publish(id, true)));
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['published', 'taken']);
    const [first, second] = outcomes[0]!.kind === 'published' ? models : models.toReversed();
    expect(await trainings.publish(second!.id, true)).toEqual({ kind: 'taken', other: first!.id });
    expect(await trainings.publish(first!.id, true)).toMatchObject({ kind: 'published' });
    expect(await trainings.publish(second!.id, false)).toMatchObject({ kind: 'published' });
    await train('third', null);
  });
});
