import module from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { DatabaseLocation } from '../config/database-location.ts';

module.enableCompileCache();
const { migrateLatest } = await import('../../adapters/persistence/schema/migrator.ts');
const { openForMaintenance } = await import('../database.ts');
const { db } = await openForMaintenance({ database: workerData as DatabaseLocation });
try {
  for (const migration of await migrateLatest(db)) parentPort?.postMessage(migration);
} finally {
  await db.destroy();
}
