BEGIN IMMEDIATE;

SAVEPOINT unit;

SELECT last_mutation + 1, epoch, coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log;

UPDATE change_log SET mutation = ?1, last_mutation = ?1;
-- with [1]

SELECT id, position FROM tasks
ORDER BY position DESC, id DESC LIMIT ? + 0;
-- with [1]

INSERT INTO tasks (title, description, completed, priority, due_on, due_at, start_on, position, project_id, parent_id, created_at, updated_at, completed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), iif(?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NULL)) RETURNING id;
-- with ['Sharpen the pencil', '', False, 0, None, None, None, 'p9007199254740994', None, None]

SELECT min(id) FILTER (WHERE mutation_id = ?1), max(id) FILTER (WHERE mutation_id = ?1), max(id) FROM changes WHERE id > ?2;
-- with [1, 6]

SELECT json_object(
  'title', CAST(coalesce(tasks_1.title, '') AS TEXT),
  'description', CAST(coalesce(tasks_1.description, '') AS TEXT),
  'completed', iif(tasks_1.is_completed, json('true'), json('false'))) AS json_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = ?;
-- with [9007199254740994]

SELECT json_object(
  'version', CAST(tasks_1.version AS INTEGER),
  'completedAt', CAST(tasks_1.completed_at AS TEXT)) AS json_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = ?;
-- with [9007199254740994]

RELEASE unit;
