/**
 * Runs as a process of its own: lets the Temporal SDK download the CLI into the folder given as argument. The
 * SDK only downloads on its way to a running server, so one is started and stopped at once.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [downloadDir] = process.argv.slice(2);
if (downloadDir === undefined) throw new Error('usage: temporal-download <folder>');

try {
  const executable = { type: 'cached-download' as const, downloadDir };
  const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
  await environment.teardown();
} catch (error) {
  console.error(error instanceof Error ? error.message.split('\n')[0] : error);
  process.exitCode = 1;
}
