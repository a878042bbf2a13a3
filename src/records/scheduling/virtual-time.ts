import { sql } from 'kysely';
import { agingSeconds } from '../../generation/request/priority.ts';

/**
 * The order of jobs within a flow, the lowest first: the time of acceptance, less what the priority is worth in waiting. A
 * job is overtaken only by those of higher priority that come soon enough after it, so none of them starves; and the
 * order never changes with time, so an index can hold it. Of a row with a column `priority`.
 */
export const virtualTime = sql<number>`extract(epoch from now())::double precision - priority * ${sql.lit(agingSeconds)}`;
