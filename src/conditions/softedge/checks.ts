import { finishedEdges, type PhotoCheck } from '../contract/inspect-photo.ts';

export const softedgePhoto: PhotoCheck = { id: 'softedge', finished: finishedEdges };
