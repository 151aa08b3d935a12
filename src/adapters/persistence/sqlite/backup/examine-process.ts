/** A process that examines one database and tells its parent. Nothing else can end SQLite in the middle of a check. */
import { UnusableBackup } from '../../../../application/ports/backup.ts';
import { examineFile } from './examination.ts';

const [file = ''] = process.argv.slice(2);
// A terminal's Ctrl-C reaches all of its processes: the parent ends this one.
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
