import { fail } from './failure.ts';
import { createProgram } from './program.ts';

// Whoever reads our output may stop reading, as `head` does: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = fail(error, process.argv.includes('--json'));
}
