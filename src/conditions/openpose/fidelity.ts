import type { Measure } from '../contract/condition.ts';
import { unmeasured } from '../contract/fidelity.ts';
import { poseAgreement } from './pose-agreement.ts';
import { poseJson } from './pose-json.ts';
import { peopleOf } from './read-pose.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

export const poseFidelity: Measure = (drawn, requested) => {
  if (requested.map.masked !== undefined) {
    return unmeasured('oks', 'There is no measure for openpose within a mask: people may stand across its border.');
  }
  const [found, wanted] = [bodiesOf(drawn.data, requested.map), bodiesOf(requested.data, requested.map)];
  if (found === null || wanted === null) {
    return unmeasured(
      'oks',
      'The requested pose is known as a picture only: send a photograph, a pose as data, or the map of an earlier job.',
    );
  }
  const agreement = poseAgreement(found, wanted);
  if (agreement === null) return unmeasured('oks', 'The requested pose has no point of a body.');
  const { oks, ...details } = agreement;
  return { metric: 'oks', value: oks, details, note: null };
};

function bodiesOf(data: unknown, { width, height }: RgbImage) {
  const pose = poseJson.safeParse(data);
  return pose.success ? peopleOf(pose.data, width, height).map(({ body }) => body) : null;
}
