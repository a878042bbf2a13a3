/** What a text is for: what is to be drawn, or what the picture is to stay away from. */
export type TextRole = 'prompt' | 'negative';

/**
 * What a row asks the network for: what the prompt wants, what the picture that is edited is without it, or what the picture is to stay away
 * from.
 */
export type Role = TextRole | 'picture';
