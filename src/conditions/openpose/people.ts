import type { Point } from '../../pixels/shapes/canvas.ts';

/** Points in their fixed order; null where a point is absent. */
export type Points = readonly (Point | null)[];

/** One person in pixels of the map. An empty list stands for a part that is absent as a whole. */
export interface Person {
  /**
   * OpenPose's 18 points: nose, neck, right shoulder, elbow and wrist, left shoulder, elbow and wrist, right hip, knee and
   * ankle, left hip, knee and ankle, right and left eye, right and left ear (right: the person's own).
   */
  readonly body: Points;
  /** 21 points a hand: wrist, then four a finger from its root to its tip, thumb first. */
  readonly leftHand: Points;
  readonly rightHand: Points;
  /** 68 points as in iBUG's scheme (jaw, brows, nose, eyes, mouth), and OpenPose's two pupils where they are known. */
  readonly face: Points;
}

/** Which parts of people are drawn. */
export interface Parts {
  readonly body: boolean;
  readonly hands: boolean;
  readonly face: boolean;
}

/**
 * Whose rule says what lies on top: `openpose` draws one person after another, limbs before joints; `dwpose` draws all
 * limbs, then all joints, all hands and all faces.
 */
export type PoseStyle = 'openpose' | 'dwpose';
