/**
 * Parses JSON as Python's json module writes it: Infinity and -Infinity are numbers there, NaN is read as null. diffusers
 * writes them into scheduler_config.json. Throws SyntaxError as JSON.parse does.
 */
export function parsePythonJson(text: string): unknown {
  // Only after a colon, a comma or a bracket is a word a value and not part of a string that stands by itself.
  return JSON.parse(text.replaceAll(/([:,[]\s*-?)Infinity\b/g, '$11e999').replaceAll(/([:,[]\s*)NaN\b/g, '$1null'));
}
