SELECT CAST(set_config('gql_tasks.mutation', CAST(nextval('mutations_number') AS text), true) AS bigint), epoch, coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log;

SELECT pg_advisory_xact_lock_shared(1735486580, 1);

SELECT id, position FROM tasks
ORDER BY position DESC, id DESC LIMIT $1;
-- with [1]

INSERT INTO tasks (title, description, completed, priority, due_on, due_at, start_on, position, project_id, parent_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id;
-- with ['Sharpen the pencil', '', False, 0, None, None, None, 'p9007199254740994', None, None]

SET CONSTRAINTS changes_number IMMEDIATE;

SET CONSTRAINTS changes_number DEFERRED;

SELECT min(id) FILTER (WHERE mutation_id = $1), max(id) FILTER (WHERE mutation_id = $1), max(id) FROM changes WHERE id > $2;
-- with [1, 6]

SELECT CAST(json_build_object(
  'title', coalesce(tasks_1.title, ''),
  'description', coalesce(tasks_1.description, ''),
  'completed', coalesce(tasks_1.is_completed, false)) AS TEXT) AS json_build_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = $1::BIGINT;
-- with [6]

SELECT CAST(json_build_object(
  'version', tasks_1.version,
  'completedAt', to_char(timezone('UTC', tasks_1.completed_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS TEXT) AS json_build_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = $1::BIGINT;
-- with [6]
