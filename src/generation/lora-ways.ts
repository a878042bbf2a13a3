/** How LoRAs act: beside the layers of the networks, or added to their weights. All of a request act one way. */
export const loraWays = ['branches', 'merged'] as const;

export type LoraWay = (typeof loraWays)[number];
