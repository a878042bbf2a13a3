/** What a row asks the network for: what the prompt wants, or what the picture is to stay away from. */
export type Role = 'prompt' | 'negative';
