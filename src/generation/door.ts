/** By which way a job came, so that whoever asked for it is told of it in words that he knows. */
export interface Door {
  /** Id of the dialect in which it was asked for: see src/server/dialects. */
  readonly dialect: string;
  /** The name that its client gave it; null where it gave none. Clients use such names again: the newest job of a name counts. */
  readonly externalId: string | null;
}

/** Our own API, which has jobs of all times before there were dialects. */
export const ownDoor: Door = { dialect: 'armature', externalId: null };
