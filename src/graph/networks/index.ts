/** Each network as a graph, from its configuration and weights. */
export { controlNet } from './controlnet.ts';
export { hintEncoder } from './hint-encoder.ts';
export { imageEncoder } from './image-encoder.ts';
export { ipAdapter } from './ip-adapter.ts';
export { taesdDecoder, taesdEncoder } from './taesd.ts';
export { t2iAdapter } from './t2i-adapter.ts';
export { textEncoder } from './text-encoder.ts';
export { unet } from './unet.ts';
export { upscaler } from './upscaler.ts';
export { vaeDecoder, vaeEncoder } from './vae.ts';
