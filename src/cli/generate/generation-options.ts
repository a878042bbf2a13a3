import type { Command } from 'commander';
import { generationRequest } from '../../generation/request/generation.ts';
import { commandFields } from '../controls/command-fields.ts';

/** Gives a command the options that are fields of a request, with those of its outputs. */
export function addGenerationOptions(command: Command): void {
  for (const { option } of commandFields(generationRequest)) command.addOption(option);
}
