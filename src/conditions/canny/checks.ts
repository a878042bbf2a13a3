import { finishedEdges, type PhotoCheck } from '../contract/inspect-photo.ts';

export const cannyPhoto: PhotoCheck = { id: 'canny', finished: finishedEdges, knowsFlat: true };
