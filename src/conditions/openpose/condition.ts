import { condition } from '../contract/condition.ts';
import { checkPoseMap } from './checks.ts';
import { pose } from './structure.ts';
import { openposeNetworks, openposeOptions } from './options.ts';

export const openposeCondition = condition({
  id: 'openpose',
  title: 'Pose (OpenPose)',
  description:
    "People's poses as OpenPose draws them: 18 joints and the limbs between them, each in its own colour, on black; hands and faces if wanted. Found in a photograph by MoveNet and the landmark networks of MediaPipe, or sent as a map.",
  options: openposeOptions,
  networks: openposeNetworks,
  unionType: 0,
  publicNames: /open_?pose|dw_?pose|pose/,
  checkMap: checkPoseMap,
  swapSides: async () => (await import('./swap-sides.ts')).swapPoseSides,
  structure: pose,
  fidelity: async () => (await import('./fidelity.ts')).poseFidelity,
  load: async () => (await import('./openpose.ts')).openpose,
});
