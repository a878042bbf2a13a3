/** A folder of models that belong to somebody, each in a folder of its own there; they come and go while the library is open. */
export interface OwnedFolder {
  /** Learns what there is now, before the folder is looked at. */
  refresh(): Promise<void>;
  /** What was learnt, as text: who sees what. */
  readonly state: string;
  /** Whose what lies at a path is: null is everybody's, as all that lies elsewhere; undefined is nobody's. */
  ownerOf(path: string): string | null | undefined;
  /** Waits for what is on its way here for a tenant; false where nothing is. */
  coming(tenant: string): Promise<boolean>;
}
