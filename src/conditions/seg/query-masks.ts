import type { Tensor } from '../../numeric/tensor.ts';

/** "the task is semantic", as CLIP's tokenizer says it between its start and its end; OneFormer wants zeros behind that. */
export const semanticTask = [49406, 518, 10549, 533, 29119, 1550, 49407] as const;

/** Tokens of a task. */
const taskLength = 77;

/**
 * What universal segmentations are asked for besides the picture, by the names that their exports have: the task of OneFormer
 * (Jain et al., 2022), and which pixels belong to the picture: all of them.
 */
export function universalInputs({ dims }: Tensor): Readonly<Record<string, Tensor>> {
  const [height = 0, width = 0] = dims.slice(-2);
  const task = new Float32Array(taskLength);
  task.set(semanticTask);
  return {
    task_inputs: { dims: [1, taskLength], data: task },
    pixel_mask: { dims: [1, height, width], data: new Float32Array(height * width).fill(1) },
  };
}

/**
 * Scores of classes [1, classes, height, width] from what MaskFormer, Mask2Former (Cheng et al., 2021) and OneFormer give: for
 * each query the logits of `classes` and of none, and a mask of logits. A pixel's score is the sum over the queries of the
 * class's probability times the mask's (`post_process_semantic_segmentation` of transformers). Null where the outputs are not
 * of that kind.
 */
export function queryScores(outputs: readonly Tensor[], classes: number): Tensor | null {
  const logits = outputs.find(({ dims }) => dims.length === 3 && dims[0] === 1 && dims[2] === classes + 1);
  const masks = outputs.find(({ dims }) => dims.length === 4 && dims[0] === 1 && dims[1] === logits?.dims[1]);
  if (logits === undefined || masks === undefined) return null;
  const [, queries = 0, height = 0, width = 0] = masks.dims;
  const area = height * width;
  const scores = new Float32Array(classes * area);
  const mask = new Float32Array(area);
  for (let query = 0; query < queries; query++) {
    const probabilities = softmax(logits.data.subarray(query * (classes + 1), (query + 1) * (classes + 1)));
    for (let i = 0; i < area; i++) mask[i] = 1 / (1 + Math.exp(-masks.data[query * area + i]!));
    for (let label = 0; label < classes; label++) {
      const probability = probabilities[label]!;
      for (let i = 0, to = label * area; i < area; i++, to++) scores[to]! += probability * mask[i]!;
    }
  }
  return { dims: [1, classes, height, width], data: scores };
}

function softmax(logits: Float32Array): Float32Array {
  const greatest = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const powers = logits.map((value) => Math.exp(value - greatest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}
