BEGIN IMMEDIATE;

SAVEPOINT unit;

SELECT last_mutation + 1, epoch, coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log;

UPDATE change_log SET mutation = ?1, last_mutation = ?1;
-- with [1]

SELECT version FROM tasks WHERE id = ?;
-- with [1]

UPDATE tasks SET completed = ?1 WHERE id = ?2 AND (completed IS NOT ?3);
-- with [True, 1, True]

SELECT min(id) FILTER (WHERE mutation_id = ?1), max(id) FILTER (WHERE mutation_id = ?1), max(id) FROM changes WHERE id > ?2;
-- with [1, 6]

SELECT json_object(
  'id', CAST(tasks_1.id AS TEXT),
  'title', CAST(coalesce(tasks_1.title, '') AS TEXT),
  'completed', iif(tasks_1.is_completed, json('true'), json('false')),
  'version', CAST(tasks_1.version AS INTEGER)) AS json_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = ?;
-- with [1]

RELEASE unit;

BEGIN IMMEDIATE;

SAVEPOINT unit;

SELECT last_mutation + 1, epoch, coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log;

UPDATE change_log SET mutation = ?1, last_mutation = ?1;
-- with [2]

SELECT version FROM tasks WHERE id = ?;
-- with [3]

ROLLBACK TO unit;

RELEASE unit;

BEGIN IMMEDIATE;

SAVEPOINT unit;

SELECT last_mutation + 1, epoch, coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log;

UPDATE change_log SET mutation = ?1, last_mutation = ?1;
-- with [2]

SAVEPOINT sa_savepoint_1;

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at, tasks.priority, tasks.due_on, tasks.due_at, tasks.start_on, tasks.position, tasks.project_id, tasks.parent_id, tasks.is_completed, tasks.due
FROM tasks
WHERE tasks.id = ?;
-- with [1]

DELETE FROM tasks WHERE tasks.id = ?;
-- with [1]

SELECT min(id) FILTER (WHERE mutation_id = ?1), max(id) FILTER (WHERE mutation_id = ?1), max(id) FROM changes WHERE id > ?2;
-- with [2, 7]

RELEASE SAVEPOINT sa_savepoint_1;

RELEASE unit;

BEGIN IMMEDIATE;

SAVEPOINT unit;

SELECT last_mutation + 1, epoch, coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log;

UPDATE change_log SET mutation = ?1, last_mutation = ?1;
-- with [3]

SAVEPOINT sa_savepoint_1;

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at, tasks.priority, tasks.due_on, tasks.due_at, tasks.start_on, tasks.position, tasks.project_id, tasks.parent_id, tasks.is_completed, tasks.due
FROM tasks
WHERE tasks.id = ?;
-- with [1]

ROLLBACK TO SAVEPOINT sa_savepoint_1;

ROLLBACK TO unit;

RELEASE unit;
