import { hasCode, systemReason } from '../../errors.ts';
import { exitCodes } from './exit-codes.ts';

/**
 * Outputs that nobody reads any more (`armature jobs list | head -1`) are no failure: what is written to them is dropped and the
 * command goes on with its work. Any other error of an output, such as a full disk, is told once and fails the command.
 */
export function tolerateClosedOutput(): void {
  for (const [stream, name] of [
    [process.stdout, 'Standard output'],
    [process.stderr, 'Standard error'],
  ] as const) {
    let told = false;
    stream.on('error', (error: Error) => {
      if (told || hasCode(error, 'EPIPE')) return;
      told = true;
      if (stream !== process.stderr) {
        console.error(`armature: ${name} cannot be written: ${systemReason(error) ?? error.message}.`);
      }
      // After the command has said how it went.
      process.on('exit', () => {
        process.exitCode = exitCodes.failed;
      });
    });
  }
}
