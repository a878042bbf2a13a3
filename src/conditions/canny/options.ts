import { z } from 'zod';

/** The largest |dx| + |dy| of the Sobel 3x3 kernels on 8-bit values: a threshold above it finds nothing. */
const largestMagnitude = 2040;

const threshold = z.number().min(0).max(largestMagnitude);

export const cannyOptions = z
  .strictObject({
    low_threshold: threshold
      .default(100)
      .describe('Gradient magnitude above which a pixel may continue an edge. Lower finds more.'),
    high_threshold: threshold.default(200).describe('Gradient magnitude above which a pixel starts an edge.'),
    l2_gradient: z
      .boolean()
      .default(false)
      .describe('Measure the gradient as sqrt(dx^2 + dy^2) instead of |dx| + |dy|; finds fewer diagonal edges.'),
  })
  .refine((options) => options.low_threshold <= options.high_threshold, {
    path: ['low_threshold'],
    error: 'low_threshold must not be above high_threshold',
  });

export type CannyOptions = z.output<typeof cannyOptions>;
