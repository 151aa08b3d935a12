/** A process that examines one database and reports to its parent. Only ending a process can interrupt a check of SQLite. */
import { UnusableBackup } from '../../../../../application/ports/backup.ts';
import { examineFile } from './examination.ts';

const [file = ''] = process.argv.slice(2);
// Ctrl-C reaches all processes of a terminal. The parent ends this one.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
try {
  const content = await examineFile(file, (step) => process.send?.({ is: 'step', step }));
  process.send?.({ is: 'content', content });
} catch (error) {
  const { message } = error as Error;
  process.send?.({ is: 'failure', message, unusable: error instanceof UnusableBackup });
}
process.disconnect();
