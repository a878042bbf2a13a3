export { chooseProvider, type ProviderChoice } from './provider.ts';
export { createSession, type Feeds, type NetworkSession, type SessionSettings } from './session.ts';
export { SessionPool } from './session-pool.ts';
export { openOnnxFile, type OnnxNetwork } from './onnx-file.ts';
