/** Says what is being done, and shows with a dot each second that it still is. */
export function step(text) {
  process.stdout.write(`${text} ..`);
  const startedAt = performance.now();
  const timer = setInterval(() => process.stdout.write('.'), 1000);
  let open = true;
  return {
    /** Ends the line with the time that it took; a second call does nothing. */
    done() {
      if (!open) return;
      open = false;
      clearInterval(timer);
      process.stdout.write(` ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
    },
  };
}
