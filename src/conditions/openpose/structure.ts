import { structure } from '../contract/condition.ts';
import { placePose, poseCanvas } from './place-pose.ts';
import { poseJson } from './pose-json.ts';
import { parsePose, singleFrame } from './read-pose.ts';

/** Poses as OpenPose JSON. */
export const pose = structure({
  kind: 'pose',
  schema: poseJson,
  name: 'PoseImage',
  description: 'Of openpose: OpenPose JSON instead of a picture',
  parse: parsePose,
  unwrap: singleFrame,
  canvas: poseCanvas,
  place: placePose,
  load: async () => {
    const { renderPose } = await import('./render-pose.ts');
    return (data, width, height) => {
      const map = renderPose(data, width, height);
      const blank = map.data.every((value) => value === 0) ? 'openpose: the pose holds no point to draw.' : undefined;
      return { map, warnings: blank === undefined ? [] : [blank], blank, data };
    };
  },
});
