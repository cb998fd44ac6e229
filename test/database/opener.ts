// One of several processes that use a database at once: opens it, adds 1 to a counter some times, reads and writes in
// one transaction, and ends.
import { SqliteConnection } from '../../src/database/sqlite.ts';
import { COUNTER } from './schema.ts';

const [, , file = '', times = '0'] = process.argv;
const db = new SqliteConnection({
  file,
  migrations: [...COUNTER],
  durability: 'normal',
  fault: (reason) => new Error(`fault: ${reason}`),
});
for (let turn = 0; turn < Number(times); turn += 1) {
  db.transaction(() => {
    const n = db.get<{ n: number }>('SELECT n FROM counter')?.n ?? 0;
    db.run('UPDATE counter SET n = :n', { n: n + 1 });
  });
}
db.close();
