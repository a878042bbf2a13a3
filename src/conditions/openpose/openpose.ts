import type { AnnotatorSource, ConditionMap, Extractor } from '../contract/condition.ts';
import { findFace } from './find-face.ts';
import { findHand, type Landmarks, shortestForearm } from './find-hands.ts';
import { type Crowd, findPeople } from './find-people.ts';
import { type Detection, largestGroup, type ScoredPoint } from './movenet.ts';
import { dwpose, mostPeople } from './dwpose.ts';
import { bundledNetwork, type OpenposeOptions } from './options.ts';
import type { PoseJson } from './pose-json.ts';
import { renderPose } from './render-pose.ts';
import { type Finding, writePose } from './write-pose.ts';
import type { RgbImage } from '../../pixels/rgb-image.ts';

/** Coloured limbs on black, at the size of the picture; `data` is the pose as OpenPose JSON, which draws the same map. */
export const openpose = {
  async extract(image: RgbImage, options: OpenposeOptions, networks: AnnotatorSource): Promise<ConditionMap> {
    const found = options.network === bundledNetwork ? byMoveNet : byDwpose;
    const { pose, remarks } = await found(image, options, networks);
    const map = renderPose(pose, image.width, image.height, options.style, options);
    const warnings = [...remarks];
    const isBlank = map.data.every((value) => value === 0);
    if (isBlank && warnings.length === 0) {
      warnings.push(
        `openpose: ${pose.people.length} found, but no point scored ${options.keypoint_threshold} or more; lower keypoint_threshold.`,
      );
    }
    return { map, warnings, blank: isBlank ? warnings[0] : undefined, data: pose };
  },
} satisfies Extractor<OpenposeOptions>;

interface FoundPose {
  readonly pose: PoseJson;
  readonly remarks: readonly string[];
}

type FindPose = (image: RgbImage, options: OpenposeOptions, networks: AnnotatorSource) => Promise<FoundPose>;

const byMoveNet: FindPose = async (image, options, networks) => {
  const crowd = await findPeople(image, options.person_threshold, networks);
  const findings: Finding[] = [];
  for (const person of crowd.people) findings.push(await examine(image, person, options, networks));
  return {
    pose: writePose(findings, image, options.keypoint_threshold),
    remarks: remarksOn(crowd, findings, options),
  };
};

const byDwpose: FindPose = async (image, options, networks) => {
  const { pose, full } = await dwpose(image, options.network, networks, {
    person: options.person_threshold,
    body: options.keypoint_threshold,
    hand: options.hands ? options.hand_threshold : null,
    face: options.face ? options.face_threshold : null,
  });
  if (pose.people.length === 0) return { pose, remarks: [nobody(options)] };
  const more = `openpose: only the ${mostPeople} surest people were looked at; crop the picture.`;
  return { pose, remarks: full ? [more] : [] };
};

/** Index of each of COCO's points that lead to a hand or a face. */
const [nose, leftEye, rightEye, leftEar, rightEar] = [0, 1, 2, 3, 4];
const [leftElbow, rightElbow, leftWrist, rightWrist] = [7, 8, 9, 10];

async function examine(
  image: RgbImage,
  person: Detection,
  options: OpenposeOptions,
  networks: AnnotatorSource,
): Promise<Finding> {
  const at = (index: number): ScoredPoint => person.keypoints[index]!;
  const counts = (...points: readonly number[]): boolean =>
    points.every((index) => at(index).score >= options.keypoint_threshold);
  const hand = async (elbow: number, wrist: number): Promise<Landmarks | undefined> => {
    if (!options.hands || !counts(elbow, wrist)) return undefined;
    const found = await findHand(image, at(elbow), at(wrist), networks);
    return found !== undefined && found.presence >= options.hand_threshold ? found : undefined;
  };
  const face = async (): Promise<Landmarks | undefined> => {
    if (!options.face || !counts(nose, leftEye, rightEye)) return undefined;
    const parts = {
      nose: at(nose),
      leftEye: at(leftEye),
      rightEye: at(rightEye),
      leftEar: at(leftEar),
      rightEar: at(rightEar),
    };
    const found = await findFace(image, parts, options.face_threshold, networks);
    return found.presence >= options.face_threshold ? found : undefined;
  };
  return {
    person,
    leftHand: await hand(leftElbow, leftWrist),
    rightHand: await hand(rightElbow, rightWrist),
    face: await face(),
  };
}

function nobody({ person_threshold }: OpenposeOptions): string {
  return `openpose: nobody was found (no person scored ${person_threshold} or more); lower person_threshold, crop the picture so that people are larger, or send a map with "preprocess": false.`;
}

function remarksOn({ people, full }: Crowd, findings: readonly Finding[], options: OpenposeOptions): readonly string[] {
  if (people.length === 0) return [nobody(options)];
  const warnings: string[] = [];
  if (full) {
    warnings.push(
      `openpose: the network finds at most ${largestGroup} people, so there may be more; crop the picture.`,
    );
  }
  if (options.hands && findings.every(({ leftHand, rightHand }) => (leftHand ?? rightHand) === undefined)) {
    warnings.push(
      `openpose: no hand was found; a hand needs a visible elbow and wrist at least ${shortestForearm} pixels apart, or lower hand_threshold.`,
    );
  }
  if (options.face && findings.every(({ face }) => face === undefined)) {
    warnings.push(
      'openpose: no face was found; a face needs visible eyes and nose and about 30 pixels, or lower face_threshold.',
    );
  }
  return warnings;
}
