import { finishedEdges, type PhotoCheck } from '../contract/inspect-photo.ts';

export const mlsdPhoto: PhotoCheck = { id: 'mlsd', finished: finishedEdges };
