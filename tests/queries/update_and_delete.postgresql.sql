SELECT CAST(set_config('gql_tasks.mutation', CAST(nextval('mutations_number') AS text), true) AS bigint), epoch, coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log;

SELECT version FROM tasks WHERE id = $1 FOR NO KEY UPDATE;
-- with [1]

UPDATE tasks SET completed = $1 WHERE id = $2 AND (completed IS DISTINCT FROM $3) RETURNING id;
-- with [True, 1, True]

SET CONSTRAINTS changes_number IMMEDIATE;

SET CONSTRAINTS changes_number DEFERRED;

SELECT min(id) FILTER (WHERE mutation_id = $1), max(id) FILTER (WHERE mutation_id = $1), max(id) FROM changes WHERE id > $2;
-- with [1, 6]

SELECT CAST(json_build_object(
  'id', CAST(tasks_1.id AS TEXT),
  'title', coalesce(tasks_1.title, ''),
  'completed', coalesce(tasks_1.is_completed, false),
  'version', tasks_1.version) AS TEXT) AS json_build_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = $1::BIGINT;
-- with [1]

SELECT CAST(set_config('gql_tasks.mutation', CAST(nextval('mutations_number') AS text), true) AS bigint), epoch, coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log;

SELECT version FROM tasks WHERE id = $1 FOR NO KEY UPDATE;
-- with [3]

SELECT CAST(set_config('gql_tasks.mutation', CAST(nextval('mutations_number') AS text), true) AS bigint), epoch, coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log;

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at, tasks.priority, tasks.due_on, tasks.due_at, tasks.start_on, tasks.position, tasks.project_id, tasks.parent_id, tasks.is_completed, tasks.due
FROM tasks
WHERE tasks.id = $1::BIGINT FOR UPDATE;
-- with [1]

DELETE FROM tasks WHERE tasks.id = $1::BIGINT;
-- with [1]

SET CONSTRAINTS changes_number IMMEDIATE;

SET CONSTRAINTS changes_number DEFERRED;

SELECT min(id) FILTER (WHERE mutation_id = $1), max(id) FILTER (WHERE mutation_id = $1), max(id) FROM changes WHERE id > $2;
-- with [3, 7]

SELECT CAST(set_config('gql_tasks.mutation', CAST(nextval('mutations_number') AS text), true) AS bigint), epoch, coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log;

SELECT tasks.id, tasks.title, tasks.description, tasks.completed, tasks.completed_at, tasks.version, tasks.created_at, tasks.updated_at, tasks.priority, tasks.due_on, tasks.due_at, tasks.start_on, tasks.position, tasks.project_id, tasks.parent_id, tasks.is_completed, tasks.due
FROM tasks
WHERE tasks.id = $1::BIGINT FOR UPDATE;
-- with [1]
