export interface PulledFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string | null;
}
