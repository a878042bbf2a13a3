import { expect, it } from 'vitest';
import { newUploadId } from '../../src/records/schema/ids.ts';
import type { SetQuota, SetUpload, StoredPiece } from '../../src/records/sets/set-upload.ts';
import { setKey, setPartKey } from '../../src/store/keys.ts';
import { newJob } from './conformance.ts';
import { onEveryDatabase } from './databases.ts';

const quota: SetQuota = { bytes: 1000, unfinished: 5 };
const day = 86_400_000;

onEveryDatabase('training sets', (records) => {
  let tenants = 0;
  const tenant = (): string => `sets_${(tenants += 1)}`;
  const create = async (owner: string, size: number | null, held = quota): Promise<SetUpload | null> => {
    const id = newUploadId();
    const set = { id, tenant: owner, key: setKey(owner, id), name: null, size, createdAt: new Date() };
    const made = await records().sets.create(set, held);
    return made.kind === 'made' ? made.set : null;
  };
  const begin = async ({ tenant: owner, id }: SetUpload, at: number, size: number | null = null): Promise<number> => {
    const begun = await records().sets.begin(owner, id, { at, size }, quota);
    if (begun.kind !== 'begun') throw new Error(begun.kind);
    return begun.writer;
  };
  const piece = (set: SetUpload, writer: number, from: number, to: number, index = 0): StoredPiece => ({
    writer,
    index,
    part: { key: setPartKey(set.key, index, writer), bytes: to - from },
    from,
    to,
    archive: 'zip',
  });

  it('arrive in pieces, and are whole when all of what was announced is there', async () => {
    const { sets } = records();
    const set = (await create(tenant(), 30))!;
    const writer = await begin(set, 0);
    await sets.store(set.id, piece(set, writer, 0, 20), quota);
    expect(await sets.find(set.tenant, set.id)).toMatchObject({ received: 20, size: 30, whole: false, archive: 'zip' });
    const next = await begin(set, 20, 30);
    expect(await sets.store(set.id, piece(set, next, 20, 30, 1), quota)).toEqual({ kind: 'stored', replaced: null });
    expect(await sets.find(set.tenant, set.id)).toMatchObject({ received: 30, whole: true });
    expect(await sets.lastPart(set.id)).toEqual({ index: 1, key: setPartKey(set.key, 1, next), bytes: 10 });
    expect((await sets.parts(set.tenant, set.id)).map(({ bytes }) => bytes)).toEqual([20, 10]);
    expect(await sets.find('another', set.id)).toBeNull();
    expect(await sets.parts('another', set.id)).toEqual([]);
    expect(await sets.begin('another', set.id, { at: 0, size: null }, quota)).toEqual({ kind: 'absent' });
    expect(await sets.delete('another', set.id)).toBe('absent');
  });

  it('take nothing any more from a sender in whose place another one came', async () => {
    const { sets } = records();
    const set = (await create(tenant(), null))!;
    const [former, writer] = [await begin(set, 0), await begin(set, 0)];
    expect(await sets.store(set.id, piece(set, former, 0, 10), quota)).toEqual({ kind: 'lost' });
    await sets.store(set.id, piece(set, writer, 0, 10), quota);
    expect(await sets.store(set.id, piece(set, writer, 0, 10), quota)).toEqual({ kind: 'lost' });
    const next = await begin(set, 10);
    const replaced = setPartKey(set.key, 0, writer);
    expect(await sets.store(set.id, piece(set, next, 10, 12), quota)).toEqual({ kind: 'stored', replaced });
    expect(await sets.finish(set.id, writer, 12)).toBe(false);
    expect(await sets.finish(set.id, next, 11)).toBe(false);
    expect(await sets.finish(set.id, next, 12)).toBe(true);
    expect(await sets.find(set.tenant, set.id)).toMatchObject({ received: 12, size: 12, whole: true });
  });

  it('go on where they are, and with the size that was said', async () => {
    const { sets } = records();
    const set = (await create(tenant(), 30))!;
    const at = async (start: number, size: number | null): Promise<string> =>
      (await sets.begin(set.tenant, set.id, { at: start, size }, quota)).kind;
    await sets.store(set.id, piece(set, await begin(set, 0), 0, 20), quota);
    expect(await at(21, 30)).toBe('gap');
    expect(await at(20, 31)).toBe('size');
    expect(await at(0, 10)).toBe('size');
    expect(await at(5, 30)).toBe('begun');
    expect(await sets.store(set.id, piece(set, await begin(set, 20), 20, 31, 1), quota)).toEqual({ kind: 'lost' });
  });

  it('are held to the quota of their tenant, also where many come at once', async () => {
    const owner = tenant();
    const made = await Promise.all(Array.from({ length: 8 }, async () => await create(owner, 300)));
    expect(made.filter((set) => set !== null)).toHaveLength(3);
    expect(await create(tenant(), 1001)).toBeNull();
    const open = (await create(owner, null))!;
    const writer = await begin(open, 0);
    const { sets } = records();
    expect(await sets.store(open.id, piece(open, writer, 0, 101), quota)).toEqual({ kind: 'quota', held: 900 });
    expect(await sets.store(open.id, piece(open, writer, 0, 100), quota)).toMatchObject({ kind: 'stored' });
    expect(await sets.begin(owner, open.id, { at: 100, size: 101 }, quota)).toMatchObject({
      kind: 'quota',
      held: 1000,
    });
    expect(await create(owner, null, { ...quota, unfinished: 4 })).toBeNull();
    expect(await sets.delete(owner, made.find((set) => set !== null)!.id)).toBe('deleted');
    expect(await create(owner, 300)).not.toBeNull();
  });

  it('go when nobody uses them: those that are not whole sooner', async () => {
    const { sets } = records();
    const owner = tenant();
    const [whole, open, used] = [(await create(owner, 5))!, (await create(owner, 5))!, (await create(owner, 5))!];
    for (const set of [whole, used]) await sets.store(set.id, piece(set, await begin(set, 0), 0, 5), quota);
    const plan = { ...newJob(owner).plan, image: { key: used.key, sha256: '00' } } as ReturnType<typeof newJob>['plan'];
    const { id } = await records().insertJob(newJob(owner, { plan }));
    const unused = async (wholeMs: number | null, unfinishedMs: number): Promise<readonly string[]> => {
      const before = (ms: number): Date => new Date(Date.now() + ms);
      const since = { whole: wholeMs === null ? null : before(wholeMs), unfinished: before(unfinishedMs) };
      return (await sets.unused(since, 100)).filter((set) => set.tenant === owner).map((set) => set.id);
    };
    expect(await unused(-day, -day)).toEqual([]);
    expect(await unused(null, day)).toEqual([open.id]);
    expect(await unused(day, day)).toEqual([open.id, whole.id]);
    expect(await sets.delete(owner, used.id)).toBe('in use');
    await records().requestCancel(owner, id);
    expect(await sets.delete(owner, used.id, new Date(Date.now() + day))).toBe('in use');
    expect(await sets.delete(owner, whole.id, new Date(Date.now() - day))).toBe('absent');
    expect(await sets.delete(owner, used.id)).toBe('deleted');
    expect(await sets.use(owner, [open.id, used.id, whole.id])).toMatchObject([{ id: open.id }, { id: whole.id }]);
    expect((await sets.deleted(100)).map((set) => set.id)).toContain(used.id);
    const key = setPartKey(used.key, 0, 1);
    expect(await sets.knownParts([key, 'tenants/x/sets/y/0.1'])).toEqual(new Set([key]));
    await sets.endDeletion(used.id);
    expect(await sets.knownParts([key])).toEqual(new Set());
  });

  it('are listed by their tenant, the newest first, and go with it', async () => {
    const { sets, retention } = records();
    const owner = tenant();
    const made: string[] = [];
    for (let count = 0; count < 3; count += 1) made.push((await create(owner, 1))!.id);
    const [first, second, third] = made;
    expect((await sets.list(owner, { limit: 2 })).map(({ id }) => id)).toEqual([third, second]);
    expect((await sets.list(owner, { limit: 2, before: second! })).map(({ id }) => id)).toEqual([first]);
    const before = await sets.awaitedBytes();
    await retention.eraseTenant(owner);
    expect(await sets.list(owner, { limit: 9 })).toEqual([]);
    expect(await sets.awaitedBytes()).toBe(before - 3);
  });
});
