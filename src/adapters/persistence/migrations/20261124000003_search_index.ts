import type { Knex } from 'knex';

/**
 * A trigram index over the folded texts, without a copy of them, and how far it has come: a background step fills it, also
 * for the messages that are there already. The texts are folded by the domain, so the index itself ignores no case.
 */
export async function up(db: Knex): Promise<void> {
  await db.raw(
    "create virtual table message_search using fts5 (text, content = '', tokenize = 'trigram case_sensitive 1')",
  );
  await db.raw(`
    create table search_progress (
      id integer primary key check (id = 1),
      indexed_seq integer not null
    ) strict`);
  await db.raw('insert into search_progress values (1, 0)');
}

export async function down(db: Knex): Promise<void> {
  await db.raw('drop table search_progress');
  await db.raw('drop table message_search');
}
