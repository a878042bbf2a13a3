import { finishedEdges, type PhotoCheck } from '../contract/inspect-photo.ts';

export const scribblePhoto: PhotoCheck = { id: 'scribble', finished: finishedEdges };
