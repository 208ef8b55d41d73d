import { TestWorkflowEnvironment } from '@temporalio/testing';

/**
 * Entry point of the process that lets the Temporal SDK download its CLI: `node sdk-download.ts FOLDER VERSION`. The SDK starts the
 * server it has downloaded; it is stopped again at once. Exits non-zero when anything fails.
 */
const [downloadDir, version] = process.argv.slice(2);
if (downloadDir === undefined || version === undefined) throw new Error('usage: sdk-download FOLDER VERSION');
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir, version: `v${version}` } },
});
await environment.teardown();
