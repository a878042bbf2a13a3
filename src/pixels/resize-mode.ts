export const resizeModes = ['stretch', 'crop', 'fill'] as const;

export type ResizeMode = (typeof resizeModes)[number];
