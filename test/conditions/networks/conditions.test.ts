import { describe, expect, it } from 'vitest';
import type { AnnotatorSource, Condition, ConditionMap } from '../../../src/conditions/contract/condition.ts';
import { parseOptions } from '../../../src/conditions/contract/options.ts';
import { conditions } from '../../../src/conditions/registry.ts';
import { poseJson } from '../../../src/conditions/openpose/pose-json.ts';
import { channel, networks as bundled } from '../../support/annotators.ts';
import { answering, networksFrom, photo, readGolden } from './reference.ts';

type Settings = Readonly<Record<string, unknown>>;
const depthSettings = readGolden<Settings>('depth-anything.json');
const segSettings = readGolden<Settings>('segformer.json');

const networks = networksFrom({
  'depth-anything-v2-small': { file: 'depth-anything.onnx', settings: depthSettings },
  'segformer-b0-ade': { file: 'segformer.onnx', settings: segSettings },
  'dwpose/yolox_l': { file: 'yolox.onnx' },
  'dwpose/dw-ll_ucoco_384': { file: 'rtmpose.onnx' },
});

async function extract(
  type: keyof typeof conditions,
  options: object,
  source: AnnotatorSource = networks,
): Promise<ConditionMap> {
  const row: Condition = conditions[type];
  const extractor = await row.load!();
  return await extractor.extract(photo, parseOptions(row, options), source);
}

describe('a condition with a pulled network', () => {
  it('draws its depth: near is white, between the percentiles', async () => {
    const { map, warnings } = await extract('depth', { network: 'depth-anything-v2-small', far: 0, near: 100 });
    expect([map.width, map.height]).toEqual([photo.width, photo.height]);
    const nearness = depthSettings['atPictureSize'] as readonly number[];
    const [least, most] = [Math.min(...nearness), Math.max(...nearness)];
    const expected = nearness.map((value) => Math.round((255 * (value - least)) / (most - least)));
    const apart = channel(map).map((value, i) => Math.abs(value - expected[i]!));
    expect(Math.max(...apart)).toBeLessThanOrEqual(1);
    expect(warnings).toEqual([]);
  });

  it('draws its classes in ADE20K’s colours, and says what has none', async () => {
    const { map, data, warnings } = await extract('seg', { network: 'segformer-b0-ade' });
    const legend = data!['legend'] as readonly { name: string; share: number }[];
    const labels = segSettings['labels'] as readonly number[];
    expect(legend.map(({ name }) => name).toSorted()).toEqual(['bed', 'crt screen', 'sky', 'tree']);
    const skies = labels.filter((label) => label === 1).length;
    expect(legend.find(({ name }) => name === 'sky')!.share * labels.length).toBeCloseTo(skies, -1);
    // 6, 230, 230 is the sky's colour.
    expect(channel(map).filter((value) => value === 6).length).toBeCloseTo(skies, -1);
    expect(warnings).toEqual([]);
    const unknown = { 'config.json': { id2label: { 0: 'lidar', 1: 'radar' } } };
    const plane = { dims: [1, 1, 2], data: Float32Array.of(0, 1) };
    const none = await extract('seg', { network: 'x' }, answering({ labels: plane }, unknown));
    expect(none.blank).toMatch(/nothing was found that ADE20K has a class for/);
    const half = { 'config.json': { id2label: { 0: 'lidar', 1: 'sky' } } };
    const partly = await extract('seg', { network: 'x' }, answering({ labels: plane }, half));
    expect(partly.warnings).toEqual(['seg: 50 % of the picture is black: ADE20K has no lidar.']);
  });

  it('draws its poses, hands and faces where they are wanted', async () => {
    const options = { network: 'dwpose', person_threshold: 0.75, keypoint_threshold: 0.3 };
    const body = await extract('openpose', options);
    const pose = poseJson.parse(body.data);
    expect(pose.people.length).toBeGreaterThan(1);
    expect(
      pose.people.every((person) => person.hand_left_keypoints_2d!.length + person.face_keypoints_2d!.length === 0),
    ).toBe(true);
    const whole = await extract('openpose', {
      ...options,
      hands: true,
      face: true,
      hand_threshold: 0.3,
      face_threshold: 0.3,
    });
    const [person] = poseJson.parse(whole.data).people;
    expect([person!.hand_right_keypoints_2d!.length, person!.face_keypoints_2d!.length]).toEqual([63, 210]);
    expect(whole.map.data.filter((value) => value > 0).length).toBeGreaterThan(
      body.map.data.filter((value) => value > 0).length,
    );
  });

  it('says that nobody was found', async () => {
    const { blank, warnings } = await extract('openpose', { network: 'dwpose', person_threshold: 1 });
    expect(blank).toMatch(/nobody was found/);
    expect(warnings).toContain(blank);
  });

  it.each([
    ['depth', 'depth-anything-v2-small'],
    ['seg', 'segformer-b0-ade'],
    ['openpose', 'dwpose'],
  ] as const)('that is not there says how it is brought: %s', async (type, network) => {
    const missing = extract(type, { network }, bundled);
    await expect(missing).rejects.toMatchObject({ code: 'model_missing' });
    await expect(missing).rejects.toThrow(new RegExp(`armature models pull ${network}$`));
  });

  it.each(['../fastdepth', 'a/b', '', 'Upper', '/etc/passwd'])('takes no id such as %j', (network) => {
    expect(() => parseOptions(conditions.depth, { network })).toThrow(/id of an annotator/);
  });

  it('has no network where labels are given', () => {
    expect(() => parseOptions(conditions.seg, { from: 'labels', network: 'x' })).toThrow(/without "from": "photo"/);
  });
});
