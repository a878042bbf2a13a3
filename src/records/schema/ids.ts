import { v7 } from 'uuid';
import { idPrefixes, type Lane } from '../../generation/lanes.ts';

/**
 * Ids are a prefix and a UUIDv7 (RFC 9562): they sort by the time of their making, so that a listing pages by id and a
 * queue's order is the order of ids. Within one process they grow strictly.
 */
export function newJobId(lane: Lane = 'pictures'): string {
  return `${idPrefixes[lane]}${v7()}`;
}

/** Of an event that receivers are told of. */
export function newEventId(): string {
  return `evt_${v7()}`;
}

export function newWorkerId(): string {
  return `wrk_${v7()}`;
}

export function newBatchId(): string {
  return `bat_${v7()}`;
}

export function newUploadId(): string {
  return `upl_${v7()}`;
}
