import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../../src/records/database/embedded.ts';
import type { SqlDatabase, SqlPool } from '../../../src/records/database/sql-pool.ts';
import { newDataFolder } from '../../support/embedded-template.ts';

describe('the one session of the embedded database', () => {
  let database: SqlDatabase;
  let pool: SqlPool;
  beforeAll(async () => {
    database = await openEmbedded(`${await newDataFolder()}/database`);
    pool = database.pool;
    await pool.query('create schema armature; create table armature.entry (name text primary key)');
  });
  afterAll(() => database.close());

  const names = async (): Promise<string[]> => {
    const { rows } = await pool.query<{ name: string }>('select name from armature.entry order by name');
    return rows.map((row) => row.name);
  };
  const insert = 'insert into armature.entry values ($1)';

  it('belongs to one client from BEGIN to ROLLBACK, while others wait', async () => {
    const [first, second] = [await pool.connect(), await pool.connect()];
    await first.query('begin');
    await first.query(insert, ['of the first, rolled back']);
    const order: string[] = [];
    const others = Promise.all([
      second.query(insert, ['of the second']).then(() => order.push('second')),
      pool.query(insert, ['of the pool']).then(() => order.push('pool')),
    ]);
    await first.query('savepoint here');
    await first.query('rollback to savepoint here');
    await first.query(insert, ['of the first, too']);
    order.push('first');
    await first.query('rollback');
    await others;
    expect(order).toEqual(['first', 'second', 'pool']);
    expect(await names()).toEqual(['of the pool', 'of the second']);
    first.release();
    second.release();
    await pool.query('delete from armature.entry');
  });

  it('keeps transactions that run at once apart', async () => {
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const client = await pool.connect();
        await client.query('begin');
        await client.query(insert, [`${index}a`]);
        await client.query(insert, [`${index}b`]);
        await client.query(index % 2 === 0 ? 'commit' : 'rollback');
        client.release();
      }),
    );
    expect(await names()).toEqual([0, 2, 4, 6, 8].flatMap((index) => [`${index}a`, `${index}b`]));
    await pool.query('delete from armature.entry');
  });

  it('is clean after a client is released in mid-transaction, or fails in one', async () => {
    const careless = await pool.connect();
    await careless.query('begin');
    await careless.query(insert, ['lost']);
    careless.release();
    const failing = await pool.connect();
    await failing.query('begin');
    await expect(failing.query('select * from nowhere')).rejects.toThrow(/nowhere/);
    await failing.query('rollback');
    failing.release();
    expect(await names()).toEqual([]);
  });

  it('is not held by a client that listens', async () => {
    const listener = await pool.connect();
    const heard = new Promise<string | undefined>((resolve) => {
      listener.on('notification', (message: { payload?: string }) => resolve(message.payload));
    });
    await listener.query('listen news');
    await pool.query("select pg_notify('news', 'first')");
    expect(await heard).toBe('first');
    listener.release();
  });

  it('answers statements that one client asks for at once, in their order', async () => {
    const client = await pool.connect();
    await client.query('begin');
    const asked = ['1', '2', '3'].map(
      async (text) => await client.query<{ said: string }>('select $1 as said', [text]),
    );
    expect((await Promise.all(asked)).map(({ rows }) => rows[0]?.said)).toEqual(['1', '2', '3']);
    await client.query('commit');
    client.release();
  });

  it('leaves the event loop to others for as long as a statement takes', async () => {
    const before = performance.eventLoopUtilization();
    const { rows } = await pool.query<{ sum: number }>(
      'select sum(n)::float8 as sum from generate_series(1, 2000000) as n',
    );
    expect(rows).toEqual([{ sum: 2000001000000 }]);
    const { active, idle } = performance.eventLoopUtilization(before);
    expect(active).toBeLessThan((active + idle) / 4);
  });

  it('gives errors with their SQLSTATE, and goes on', async () => {
    const twice = async () => await pool.query("insert into armature.entry values ('one'), ('one')");
    await expect(twice()).rejects.toMatchObject({ code: '23505', constraint: 'entry_pkey' });
    await expect(pool.query('select $1::text', [() => {}])).rejects.toThrow(/could not be cloned/);
    expect(await names()).toEqual([]);
  });

  it('tells those who ask after it was closed', async () => {
    const other = await openEmbedded(`${await newDataFolder()}/database`);
    await other.close();
    await other.close();
    await expect(other.pool.query('select 1')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
