/** Indices in COCO's 17 points, and in COCO-WholeBody's, which begin with them, of OpenPose's 18; the neck, at 1, has none. */
export const fromCoco = [0, null, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3] as const;
