/** All that a queue carries. */
export interface QueueTicket {
  readonly tenant: string;
  readonly id: string;
}
