/** A process that examines one database and reports to its parent. Only ending a process can interrupt a check of SQLite. */
import { UnusableBackup } from '../../../../../application/ports/backup.ts';
import { examineFile } from './examination.ts';

const [file = ''] = process.argv.slice(2);
// Ctrl-C and the end of a session reach all processes of a terminal. The parent ends this one.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGUSR1', () => undefined); // no debugger
process.on('disconnect', () => process.exit());

/** With a callback, because a parent that is gone is no reason to print a stack. */
const report = (message: object): void => void process.send?.(message, undefined, undefined, () => undefined);

try {
  const content = await examineFile(file, (step) => {
    report({ is: 'step', step });
  });
  report({ is: 'content', content });
} catch (error) {
  const { message } = error as Error;
  report({ is: 'failure', message, unusable: error instanceof UnusableBackup });
}
if (process.connected) process.disconnect();
