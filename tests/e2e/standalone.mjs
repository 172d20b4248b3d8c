// Runs outside the test runner what takes a test's context: `./dev model`, the fleet's `run.mjs`.

/** Calls `job(t)`, then what it left for afterwards. A failure is printed and is the exit code. */
export async function runAlone(job) {
  const endings = [];
  const t = { after: (ending) => endings.push(ending), diagnostic: console.log };
  try {
    await job(t);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  for (const ending of endings.reverse()) await ending();
}
