// Exit code 0 where the server of this container answers 200 at the path given, else 1: for HEALTHCHECK, in images that have
// no curl. A worker answers at its metrics port. Which port it is comes from the environment alone: a --port flag is not seen here.
const path = process.argv[2] ?? '/readyz';
// As everywhere in the product, an empty variable counts as absent.
const port = [process.env.ARMATURE_METRICS_PORT, process.env.ARMATURE_PORT, process.env.PORT].find(Boolean) ?? '7860';
try {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(4000) });
  const text = await response.text();
  console.log(text);
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  console.log(`No answer at 127.0.0.1:${port}${path}: ${error.cause?.code ?? error.message}`);
  process.exitCode = 1;
}
