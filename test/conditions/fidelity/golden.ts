/** A row of golden/agreement.json: two pictures of test/conditions/kernels, and their figures by scikit-image and numpy. */
export interface AgreementPair {
  readonly drawn: string;
  readonly requested: string;
  readonly ssim: number;
  readonly rmse: number;
  /** The pictures read as maps of normals; angles in degrees. */
  readonly normals: { readonly mean: number; readonly median: number; readonly within: readonly number[] };
}
